//! A Dart package with a thousand native files, made up: C, C++ and Rust that Dart binds, what these call, tools that
//! nothing calls, and a library that was copied in and that nothing links to.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// Files of C and of C++ that Dart binds, with a header each; C has as many again behind them.
const BOUND: usize = 100;
/// Files of Rust that Dart binds, and those behind them; one more declares them all.
const RUST: usize = 99;
const RUST_INNER: usize = 50;
/// Files of C++ that nothing calls.
const TOOLS: usize = 50;
/// Files of the library that nothing links to.
const VENDORED: usize = 200;
/// Functions in each file.
const FUNCTIONS: usize = 12;

/// Writes the package, in place of an older one.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for part in ["lib/src", "src/c", "src/inner", "src/cpp", "rust/src", "tools", "third_party/codec"] {
        fs::create_dir_all(folder.join(part))?;
    }
    fs::write(folder.join("pubspec.yaml"), "name: thousand\ndependencies:\n  ffi: ^2.1.0\n")?;
    fs::write(folder.join("rust/Cargo.toml"), "[package]\nname = \"thousand\"\nversion = \"0.1.0\"\n")?;
    let mut modules = String::new();
    for file in 0..BOUND {
        fs::write(folder.join(format!("lib/src/native_{file}.dart")), dart(file))?;
        fs::write(folder.join(format!("src/c/api_{file}.h")), header(file, "api", "EXPORT "))?;
        fs::write(folder.join(format!("src/c/api_{file}.c")), bound_c(file))?;
        fs::write(folder.join(format!("src/inner/inner_{file}.h")), header(file, "inner", ""))?;
        fs::write(folder.join(format!("src/inner/inner_{file}.c")), inner_c(file))?;
        fs::write(folder.join(format!("src/cpp/model_{file}.h")), cpp_header(file))?;
        fs::write(folder.join(format!("src/cpp/model_{file}.cpp")), cpp(file))?;
    }
    for file in 0..RUST {
        let _ = writeln!(modules, "mod api_{file};");
        fs::write(folder.join(format!("rust/src/api_{file}.rs")), rust(file))?;
    }
    for file in 0..RUST_INNER {
        let _ = writeln!(modules, "mod inner_{file};");
        fs::write(folder.join(format!("rust/src/inner_{file}.rs")), rust_inner(file))?;
    }
    fs::write(folder.join("rust/src/lib.rs"), modules)?;
    for file in 0..TOOLS {
        let text = cpp(file + BOUND).replace("extern \"C\" EXPORT ", "static ");
        fs::write(folder.join(format!("tools/tool_{file}.cpp")), text)?;
    }
    for file in 0..VENDORED / 2 {
        let text = inner_c(file).replace("inner", "codec");
        fs::write(folder.join(format!("third_party/codec/codec_{file}.c")), text)?;
        fs::write(folder.join(format!("third_party/codec/codec_{file}.h")), header(file, "codec", ""))?;
    }
    Ok(())
}

fn dart(file: usize) -> String {
    let mut text = String::from("import 'dart:ffi';\n\nimport 'package:ffi/ffi.dart';\n\n");
    for at in 0..FUNCTIONS {
        let _ = write!(
            text,
            "@Native<Pointer<Uint8> Function(Pointer<Utf8>, Int32)>()\n\
             external Pointer<Uint8> api_{file}_{at}(Pointer<Utf8> name, int length);\n\n\
             @Native<Int32 Function(Pointer<Uint8>, Int32)>()\nexternal int model_{file}_{at}(Pointer<Uint8> data, int length);\n\n\
             @Native<Pointer<Uint8> Function(Int32)>()\nexternal Pointer<Uint8> rust_{file}_{at}(int length);\n\n\
             int use{at}(String name, int length) {{\n  final native = name.toNativeUtf8();\n  try {{\n    \
             final data = api_{file}_{at}(native, length);\n    if (data == nullptr) return -1;\n    \
             final result = model_{file}_{at}(data, length);\n    api_{file}_release(data);\n    return result;\n  }} finally {{\n    \
             malloc.free(native);\n  }}\n}}\n\n"
        );
    }
    let _ = write!(
        text,
        "@Native<Void Function(Pointer<Uint8>)>()\nexternal void api_{file}_release(Pointer<Uint8> data);\n\n\
         @Native<Void Function(Pointer<Uint8>, Int32)>()\nexternal void rust_{file}_release(Pointer<Uint8> data, int length);\n"
    );
    text
}

fn header(file: usize, name: &str, mark: &str) -> String {
    let mut text = format!(
        "#ifndef {name}_{file}_h\n#define {name}_{file}_h\n\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         #define EXPORT __attribute__((visibility(\"default\"))) __attribute__((used))\n\n\
         typedef struct {{\n  int32_t length;\n  uint8_t *data;\n  const char *name;\n}} {name}_entry_{file};\n\n"
    );
    for at in 0..FUNCTIONS {
        let _ = write!(
            text,
            "/* Entry {at} of the list; the caller releases it. */\n{mark}uint8_t *{name}_{file}_{at}(const char *name, int32_t length);\n\n"
        );
    }
    let _ =
        write!(text, "{mark}void {name}_{file}_release(uint8_t *data);\n\n#ifdef __cplusplus\n}}\n#endif\n\n#endif\n");
    text
}

fn bound_c(file: usize) -> String {
    let mut text = format!(
        "#include \"api_{file}.h\"\n\n#include <stdlib.h>\n#include <string.h>\n\n#include \"../inner/inner_{file}.h\"\n\n"
    );
    for at in 0..FUNCTIONS {
        let _ = write!(
            text,
            "EXPORT uint8_t *api_{file}_{at}(const char *name, int32_t length) {{\n  \
             api_entry_{file} *entry = (api_entry_{file} *)calloc(1, sizeof(api_entry_{file}));\n  if (entry == NULL) {{\n    \
             return NULL;\n  }}\n  entry->length = length;\n  entry->data = inner_{file}_{at}(name, length);\n  \
             if (entry->data == NULL) {{\n    free(entry);\n    return NULL;\n  }}\n  \
             for (int32_t i = 0; i < length; i++) {{\n    entry->data[i] ^= (uint8_t)(i * {at} + 7);\n  }}\n  \
             uint8_t *result = entry->data;\n  free(entry);\n  return result;\n}}\n\n"
        );
    }
    let _ = write!(text, "EXPORT void api_{file}_release(uint8_t *data) {{\n  inner_{file}_release(data);\n}}\n");
    text
}

fn inner_c(file: usize) -> String {
    let mut text = format!(
        "#include \"inner_{file}.h\"\n\n#include <stdlib.h>\n#include <string.h>\n\n\
         static int32_t checked(int32_t length) {{\n  return length < 0 || length > 1 << 20 ? -1 : length;\n}}\n\n"
    );
    for at in 0..FUNCTIONS {
        let _ = write!(
            text,
            "uint8_t *inner_{file}_{at}(const char *name, int32_t length) {{\n  int32_t count = checked(length);\n  \
             if (count < 0) {{\n    return NULL;\n  }}\n  char *copy = strdup(name);\n  \
             uint8_t *data = (uint8_t *)malloc((size_t)count + 1);\n  if (copy == NULL || data == NULL) {{\n    free(copy);\n    \
             free(data);\n    return NULL;\n  }}\n  switch (count % 3) {{\n    case 0:\n      \
             memset(data, {at}, (size_t)count);\n      break;\n    case 1:\n      \
             memcpy(data, copy, strlen(copy) < (size_t)count ? strlen(copy) : (size_t)count);\n      break;\n    default:\n      \
             data[0] = (uint8_t)copy[0];\n  }}\n  free(copy);\n  return data;\n}}\n\n"
        );
    }
    let _ = write!(text, "void inner_{file}_release(uint8_t *data) {{\n  free(data);\n}}\n");
    text
}

fn cpp_header(file: usize) -> String {
    format!(
        "#pragma once\n\n#include <cstdint>\n#include <memory>\n#include <string>\n#include <vector>\n\nnamespace model_{file} {{\n\n\
         class Model {{\n public:\n  explicit Model(const std::string &name);\n  ~Model();\n  int32_t sum(const uint8_t *data, int32_t length) const;\n  \
         void keep(const uint8_t *data, int32_t length);\n\n private:\n  std::string name_;\n  std::vector<uint8_t> kept_;\n  \
         uint8_t *scratch_ = nullptr;\n}};\n\n}}  // namespace model_{file}\n"
    )
}

fn cpp(file: usize) -> String {
    let mut text = format!(
        "#include \"model_{file}.h\"\n\n#include <cstdlib>\n#include <cstring>\n\n\
         #define EXPORT __attribute__((visibility(\"default\"))) __attribute__((used))\n\nnamespace model_{file} {{\n\n\
         Model::Model(const std::string &name) : name_(name), scratch_(new uint8_t[64]) {{}}\n\nModel::~Model() {{\n  delete[] scratch_;\n}}\n\n\
         int32_t Model::sum(const uint8_t *data, int32_t length) const {{\n  int32_t result = 0;\n  \
         for (int32_t i = 0; i < length; ++i) {{\n    result += data[i];\n  }}\n  return result;\n}}\n\n\
         void Model::keep(const uint8_t *data, int32_t length) {{\n  kept_.assign(data, data + length);\n}}\n\n}}  // namespace model_{file}\n\n"
    );
    for at in 0..FUNCTIONS {
        let _ = write!(
            text,
            "extern \"C\" EXPORT int32_t model_{file}_{at}(const uint8_t *data, int32_t length) {{\n  \
             auto model = std::make_unique<model_{file}::Model>(\"model {at}\");\n  \
             uint8_t *copy = static_cast<uint8_t *>(std::malloc(static_cast<size_t>(length)));\n  if (copy == nullptr) {{\n    \
             return -1;\n  }}\n  std::memcpy(copy, data, static_cast<size_t>(length));\n  model->keep(copy, length);\n  \
             const int32_t result = model->sum(copy, length);\n  std::free(copy);\n  return result;\n}}\n\n"
        );
    }
    text
}

fn rust(file: usize) -> String {
    let inner = file % RUST_INNER;
    let mut text = format!("use crate::inner_{inner}::Table;\n\n");
    for at in 0..FUNCTIONS {
        let _ = write!(
            text,
            "#[unsafe(no_mangle)]\npub extern \"C\" fn rust_{file}_{at}(length: i32) -> *mut u8 {{\n    \
             let Ok(length) = usize::try_from(length) else {{\n        return std::ptr::null_mut();\n    }};\n    \
             let mut table = Table::new(length);\n    table.fill(|at| (at * {at}) as u8);\n    \
             let mut data = table.into_bytes().into_boxed_slice();\n    let pointer = data.as_mut_ptr();\n    \
             std::mem::forget(data);\n    pointer\n}}\n\n"
        );
    }
    let _ = write!(
        text,
        "/// # Safety\n///\n/// The pointer and the length are those of one of the functions above.\n#[unsafe(no_mangle)]\n\
         pub unsafe extern \"C\" fn rust_{file}_release(data: *mut u8, length: i32) {{\n    if !data.is_null() {{\n        \
         let slice = std::ptr::slice_from_raw_parts_mut(data, length as usize);\n        drop(unsafe {{ Box::from_raw(slice) }});\n    }}\n}}\n"
    );
    text
}

fn rust_inner(file: usize) -> String {
    let mut text = String::from(
        "use std::collections::BTreeMap;\n\npub struct Table {\n    bytes: Vec<u8>,\n    names: BTreeMap<usize, String>,\n}\n\n\
         impl Table {\n    pub fn new(length: usize) -> Self {\n        Self { bytes: vec![0; length], names: BTreeMap::new() }\n    }\n\n    \
         pub fn fill(&mut self, value: impl Fn(usize) -> u8) {\n        for (at, byte) in self.bytes.iter_mut().enumerate() {\n            \
         *byte = value(at);\n        }\n    }\n\n    pub fn into_bytes(self) -> Vec<u8> {\n        self.bytes\n    }\n",
    );
    for at in 0..FUNCTIONS {
        let _ = write!(
            text,
            "\n    pub fn named_{at}(&mut self, name: &str) -> Option<&str> {{\n        let key = name.len() + {file};\n        \
             if self.names.contains_key(&key) {{\n            return None;\n        }}\n        \
             self.names.insert(key, name.to_owned());\n        self.names.get(&key).map(String::as_str)\n    }}\n"
        );
    }
    text.push_str("}\n");
    text
}
