//! Macros that stand for attributes, by their names.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::prepare::MarkerKind;

/// Calling conventions, qualifiers and inlining, which mean nothing to ownership.
const NOTHING: &[&str] = &[
    "__stdcall",
    "_stdcall",
    "__cdecl",
    "_cdecl",
    "__fastcall",
    "__thiscall",
    "__vectorcall",
    "__clrcall",
    "WINAPI",
    "WINAPIV",
    "APIENTRY",
    "CALLBACK",
    "STDMETHODCALLTYPE",
    "STDAPICALLTYPE",
    "JNICALL",
    "EMSCRIPTEN_KEEPALIVE_NONE",
    "__extension__",
    "__restrict",
    "__restrict__",
    "__inline",
    "__inline__",
    "__forceinline",
    "ALWAYS_INLINE",
    "NOINLINE",
    "FORCE_INLINE",
    "FORCEINLINE",
    "_Noreturn",
    "__unused",
    "_Nullable",
    "_Nonnull",
    "_Null_unspecified",
    "__nullable",
    "__nonnull",
    "__weak",
    "__strong",
    "NS_NOESCAPE",
    "G_GNUC_UNUSED",
    "G_GNUC_NORETURN",
    "G_GNUC_CONST",
    "G_GNUC_PURE",
    "G_INLINE_FUNC",
    "Q_DECL_OVERRIDE",
    "Q_DECL_FINAL",
    "Q_DECL_NOEXCEPT",
    "Q_DECL_NOTHROW",
    "Q_DECL_CONSTEXPR",
    "Q_REQUIRED_RESULT",
    "Q_INVOKABLE",
    "Q_SLOT",
    "Q_SIGNAL",
    "CV_NOEXCEPT",
    "CV_OVERRIDE",
    "CV_FINAL",
    "GLAPIENTRY",
    "APIENTRYP",
    "far",
    "FAR",
    "PASCAL",
    "__signed__",
    "__volatile__",
    "__const",
    "__ptr64",
    "__ptr32",
    "__unaligned",
    "NOEXCEPT",
    "CONSTEXPR",
    "NORETURN",
    "_NOEXCEPT",
    "_Complex",
    "ZEXTERN",
    "SDLCALL",
    "register",
];

/// Attributes with arguments.
const WITH_ARGUMENTS: &[&str] = &[
    "__attribute__",
    "__attribute",
    "__declspec",
    "_declspec",
    "__pragma",
    "_Pragma",
    "__nonnull",
    "G_GNUC_PRINTF",
    "G_GNUC_ALLOC_SIZE",
    "G_GNUC_ALLOC_SIZE2",
    "G_GNUC_FORMAT",
    "G_GNUC_SCANF",
    "G_GNUC_DEPRECATED_FOR",
    "NS_AVAILABLE",
    "API_AVAILABLE",
    "API_UNAVAILABLE",
    "API_DEPRECATED",
    "NS_SWIFT_NAME",
    "CF_SWIFT_NAME",
    "GUARDED_BY",
    "PT_GUARDED_BY",
    "EXCLUSIVE_LOCKS_REQUIRED",
    "LOCKS_EXCLUDED",
    "THREAD_ANNOTATION",
    "ABSL_GUARDED_BY",
    "TF_GUARDED_BY",
    "AVAILABLE_SINCE",
    "Q_PROPERTY",
    "Q_ENUM",
    "Q_FLAG",
    "Q_INTERFACES",
    "Q_CLASSINFO",
    "__OSX_AVAILABLE_STARTING",
    "__OSX_AVAILABLE",
    "__IOS_AVAILABLE",
    "__attr_format",
];

/// Ends of names that mean: exported.
const EXPORTS: &[&str] = &[
    "_EXPORT",
    "_API",
    "_PUBLIC",
    "_EXPORTED",
    "_DLL",
    "_DLLEXPORT",
    "_DLL_EXPORT",
    "_CAPI",
    "_APIEXPORT",
    "_EXPORTS",
    "_C_API",
    "_KEEPALIVE",
    "_DLLAPI",
    "_VISIBLE",
];

/// Names that mean: exported.
const EXPORT: &[&str] = &[
    "EXPORT",
    "DLLEXPORT",
    "DLL_EXPORT",
    "EXPORTED",
    "API",
    "PUBLIC",
    "JNIEXPORT",
    "RUST_EXPORT",
    "WASM_EXPORT",
    "G_MODULE_EXPORT",
    "DART_EXPORT",
    "EMSCRIPTEN_KEEPALIVE",
    "API_EXPORT",
    "VISIBLE",
    "EXTERN_API",
    "DLLAPI",
    "EXPORT_API",
    "EXPORT_SYMBOL",
    "CAPI",
    "C_API",
    "DECLSPEC",
    "ZEXPORT",
    "ZEXPORTVA",
];

/// Ends of names of attributes without meaning here.
const PLAIN_ENDS: &[&str] = &[
    "_CALL",
    "_CALLCONV",
    "_NOEXCEPT",
    "_INLINE",
    "_CDECL",
    "_DECL",
    "_STDCALL",
    "_APIENTRY",
    "_LOCAL",
    "_NODISCARD",
    "_NORETURN",
    "_DEPRECATED",
    "_UNUSED",
    "_ATTRIBUTE",
    "_HIDDEN",
    "_INTERNAL",
    "_FORCEINLINE",
    "_FORCE_INLINE",
    "_CONSTEXPR",
    "_CALLING_CONV",
    "_RESTRICT",
    "_NOINLINE",
    "_APICALL",
    "_CC",
    "_NONNULL",
    "_NULLABLE",
    "_PURE",
    "_WUR",
    "_CALLBACK",
    "_MAYBE_UNUSED",
    "_NOTHROW",
    "_OVERRIDE",
    "_NO_SANITIZE",
    "_ATTR",
];

/// Regions of `extern "C"`, opened and closed by macros.
pub(super) const OPENS_C: &[&str] = &[
    "G_BEGIN_DECLS",
    "__BEGIN_DECLS",
    "EXTERN_C_BEGIN",
    "EXTERN_C_START",
    "BEGIN_EXTERN_C",
    "BEGIN_C_DECLS",
    "CJSON_BEGIN_DECLS",
];
pub(super) const CLOSES_C: &[&str] = &["G_END_DECLS", "__END_DECLS", "EXTERN_C_END", "END_EXTERN_C", "END_C_DECLS"];

/// Types of Windows and others that look like macros.
const TYPES: &[&str] = &[
    "BOOL",
    "BOOLEAN",
    "BYTE",
    "CHAR",
    "DWORD",
    "DWORD64",
    "FILE",
    "HANDLE",
    "HRESULT",
    "HWND",
    "INT",
    "INT32",
    "INT64",
    "LONG",
    "LONGLONG",
    "LPARAM",
    "LPCSTR",
    "LPCWSTR",
    "LPSTR",
    "LPVOID",
    "LPWSTR",
    "LRESULT",
    "NTSTATUS",
    "PVOID",
    "SHORT",
    "SIZE_T",
    "UCHAR",
    "UINT",
    "UINT32",
    "UINT64",
    "UINT8",
    "UINT16",
    "INT8",
    "INT16",
    "ULONG",
    "ULONGLONG",
    "USHORT",
    "VOID",
    "WCHAR",
    "WORD",
    "WPARAM",
    "BSTR",
    "GUID",
    "IID",
    "CLSID",
    "HSTRING",
    "HINSTANCE",
    "HMODULE",
    "HDC",
    "HICON",
    "HMENU",
    "RECT",
    "POINT",
    "SIZE",
    "MSG",
    "TCHAR",
    "VARIANT",
    "JNIEnv",
    "EGLBoolean",
    "GLuint",
    "GLint",
    "GLenum",
    "DIR",
    "SOCKET",
    "COLORREF",
    "HGLOBAL",
    "ATOM",
    "HKEY",
    "LSTATUS",
    "FLOAT",
    "DOUBLE",
    "REFIID",
    "STDMETHODIMP",
    "IFACEMETHODIMP",
    "BIO",
    "RSA",
    "SSL",
    "EVP_MD",
    "DH",
    "BIGNUM",
    "AVFrame",
    "SEL",
    "IMP",
];

/// Words a type or the rest of a declaration begins with.
const DECLARES: &[&str] = &[
    "void",
    "int",
    "char",
    "short",
    "long",
    "float",
    "double",
    "signed",
    "unsigned",
    "bool",
    "_Bool",
    "const",
    "static",
    "struct",
    "union",
    "enum",
    "inline",
    "extern",
    "virtual",
    "class",
    "volatile",
    "size_t",
    "ssize_t",
    "uint8_t",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "int8_t",
    "int16_t",
    "int32_t",
    "int64_t",
    "intptr_t",
    "uintptr_t",
    "auto",
    "constexpr",
    "explicit",
    "typename",
    "template",
    "typedef",
    "wchar_t",
    "intptr",
    "explicit",
    "friend",
    "using",
    "namespace",
];

/// Types that need no other word.
const PRIMITIVES: &[&str] = &[
    "void",
    "int",
    "char",
    "short",
    "long",
    "float",
    "double",
    "signed",
    "unsigned",
    "bool",
    "_Bool",
    "size_t",
    "ssize_t",
    "uint8_t",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "int8_t",
    "int16_t",
    "int32_t",
    "int64_t",
    "intptr_t",
    "uintptr_t",
];

/// Words that are no names.
const KEYWORDS: &[&str] = &[
    "if",
    "else",
    "for",
    "while",
    "do",
    "switch",
    "case",
    "default",
    "return",
    "goto",
    "break",
    "continue",
    "sizeof",
    "new",
    "delete",
    "throw",
    "try",
    "catch",
    "public",
    "private",
    "protected",
    "operator",
    "this",
    "override",
    "final",
    "noexcept",
    "const_cast",
    "static_cast",
    "reinterpret_cast",
    "dynamic_cast",
    "NULL",
    "nullptr",
    "true",
    "false",
    "TRUE",
    "FALSE",
    "EOF",
    "defined",
    "alignas",
    "decltype",
    "static_assert",
    "co_return",
    "co_yield",
    "co_await",
    "asm",
    "__asm",
    "__asm__",
    "requires",
    "concept",
    "thread_local",
    "mutable",
    "typeof",
    "__typeof__",
    "and",
    "or",
    "not",
    "export",
    "import",
    "module",
    "_Static_assert",
    "_Generic",
    "_Alignas",
    "_Atomic",
    "restrict",
];

/// What the lists and its spelling say of a word, from one look: every identifier of a file is asked for most of it,
/// and several times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Word(u16);

impl Word {
    const NOTHING: u16 = 1;
    const WITH_ARGUMENTS: u16 = 1 << 1;
    const EXPORT: u16 = 1 << 2;
    const TYPE: u16 = 1 << 3;
    const DECLARES: u16 = 1 << 4;
    const PRIMITIVE: u16 = 1 << 5;
    const KEYWORD: u16 = 1 << 6;
    const SHOUTING: u16 = 1 << 7;
    const SAL: u16 = 1 << 8;

    /// Looks a word up.
    pub(super) fn of(word: &str) -> Self {
        let mut known = WORDS.get(word).copied().unwrap_or_default();
        if is_shouting(word) {
            known.0 |= Self::SHOUTING;
        }
        if is_sal(word) {
            known.0 |= Self::SAL;
        }
        known
    }

    fn is(self, what: u16) -> bool {
        self.0 & what != 0
    }

    pub(super) fn is_keyword(self) -> bool {
        self.is(Self::KEYWORD)
    }

    pub(super) fn is_primitive(self) -> bool {
        self.is(Self::PRIMITIVE)
    }

    pub(super) fn declares(self) -> bool {
        self.is(Self::DECLARES)
    }

    /// Capitals only, and no type that is written so.
    pub(super) fn is_macro(self) -> bool {
        self.is_shouting() && !self.is(Self::TYPE)
    }

    /// Capitals only, and long enough to be no type parameter.
    pub(super) fn is_shouting(self) -> bool {
        self.is(Self::SHOUTING)
    }

    /// `_In_`, `_Outptr_opt_`, `_Ret_maybenull_`: Microsoft's annotations.
    pub(super) fn is_sal(self) -> bool {
        self.is(Self::SAL)
    }
}

/// The lists by their words.
static WORDS: LazyLock<FxHashMap<&'static str, Word>> = LazyLock::new(|| {
    let mut words: FxHashMap<&'static str, Word> = FxHashMap::default();
    for (list, what) in [
        (NOTHING, Word::NOTHING),
        (WITH_ARGUMENTS, Word::WITH_ARGUMENTS),
        (EXPORT, Word::EXPORT),
        (TYPES, Word::TYPE),
        (DECLARES, Word::DECLARES),
        (PRIMITIVES, Word::PRIMITIVE),
        (KEYWORDS, Word::KEYWORD),
    ] {
        list.iter().for_each(|&word| words.entry(word).or_default().0 |= what);
    }
    words
});

/// What an attribute macro of that name stands for.
pub(super) fn attribute(word: &str, known: Word) -> Option<MarkerKind> {
    if known.is(Word::NOTHING) {
        return Some(MarkerKind::Nothing);
    }
    if known.is_shouting() && word.ends_with("_EXTERN") {
        return Some(MarkerKind::ExternC(true));
    }
    if known.is(Word::EXPORT) || (known.is_shouting() && ends(word, EXPORTS)) {
        return Some(MarkerKind::Export);
    }
    // None of them says who owns what.
    if known.is_sal() || word == "G_GNUC_MALLOC" || word == "G_GNUC_WARN_UNUSED_RESULT" {
        return Some(MarkerKind::Nothing);
    }
    (known.is_shouting() && ends(word, PLAIN_ENDS)).then_some(MarkerKind::Nothing)
}

/// Whether it is an attribute with arguments.
pub(super) fn takes_arguments(word: &str, known: Word) -> bool {
    known.is(Word::WITH_ARGUMENTS)
        || known.is_sal()
        || (known.is_shouting()
            && [
                "_PRINTF",
                "_FORMAT",
                "_DEPRECATED",
                "_ATTR",
                "_ATTRIBUTE",
                "_NONNULL",
                "_ALLOC_SIZE",
                "_GUARDED_BY",
                "_VARARG_FUNC",
                "_PRINTF_FORMAT",
            ]
            .iter()
            .any(|end| word.ends_with(end)))
}

fn is_sal(word: &str) -> bool {
    let Some(inner) = word.strip_prefix('_').and_then(|word| word.strip_suffix('_')) else { return false };
    const STARTS: &[&str] = &[
        "In",
        "Out",
        "Inout",
        "Outptr",
        "COM_Outptr",
        "Ret",
        "Check_return",
        "Must_inspect_result",
        "Success",
        "Deref",
        "Pre",
        "Post",
        "Reserved",
        "Notnull",
        "Maybenull",
        "Null",
        "Field",
        "Frees_ptr",
        "When",
        "At",
        "Printf",
        "Use_decl_annotations",
        "Result",
        "Function_class",
        "IRQL",
        "Acquires",
        "Releases",
        "Requires",
        "Struct_size",
        "Always",
        "Satisfies",
        "Group",
        "Const",
        "Readable",
        "Writable",
        "Post_ptr_invalid",
    ];
    STARTS.iter().any(|start| inner.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

fn is_shouting(word: &str) -> bool {
    word.len() >= 3
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && word.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn ends(word: &str, list: &[&str]) -> bool {
    list.iter().any(|end| word.ends_with(end))
}
