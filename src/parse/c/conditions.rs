//! What a condition of the preprocessor says of the target.

use rustc_hash::FxHashMap;

use super::lex::{Kind, Token, tokens};
use crate::target::TargetSet;

/// On which targets a condition surely holds, and on which it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// It holds there.
    pub must: TargetSet,
    /// It holds nowhere else.
    pub may: TargetSet,
}

impl Truth {
    /// Holds everywhere.
    pub const TRUE: Self = Self { must: TargetSet::ALL, may: TargetSet::ALL };
    /// Holds nowhere.
    pub const FALSE: Self = Self { must: TargetSet::NONE, may: TargetSet::NONE };
    /// Nobody knows.
    pub const UNKNOWN: Self = Self { must: TargetSet::NONE, may: TargetSet::ALL };

    /// Holds on these targets and on no others.
    #[must_use]
    pub fn on(targets: TargetSet) -> Self {
        Self { must: targets, may: targets }
    }

    /// Whether it depends on nothing but the target.
    #[must_use]
    pub fn is_known(self) -> bool {
        self.must == self.may
    }

    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { must: TargetSet::ALL.minus(self.may), may: TargetSet::ALL.minus(self.must) }
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { must: self.must.and(other.must), may: self.may.and(other.may) }
    }

    fn or(self, other: Self) -> Self {
        Self { must: self.must.or(other.must), may: self.may.or(other.may) }
    }
}

/// What `defined(name)` says.
pub(super) fn defined(name: &str, is_cpp: bool) -> Truth {
    let apple = TargetSet::MACOS.or(TargetSet::IOS);
    let set = match name {
        "_WIN32" | "WIN32" | "_WIN64" | "WIN64" | "__WIN32__" | "_WINDOWS" | "_MSC_VER" | "__MINGW32__"
        | "__MINGW64__" | "Q_OS_WIN" | "OS_WIN" => TargetSet::WINDOWS,
        "__APPLE__" | "__MACH__" | "TARGET_OS_MAC" | "Q_OS_DARWIN" => apple,
        "TARGET_OS_IPHONE" | "TARGET_OS_IOS" | "TARGET_OS_SIMULATOR" | "TARGET_IPHONE_SIMULATOR" => TargetSet::IOS,
        "TARGET_OS_OSX" => TargetSet::MACOS,
        "__ANDROID__" | "ANDROID" => TargetSet::ANDROID,
        "__linux__" | "__linux" | "linux" => TargetSet::LINUX.or(TargetSet::ANDROID),
        "__OHOS__" => TargetSet::OHOS,
        "__unix__" | "__unix" => TargetSet::LINUX.or(TargetSet::ANDROID).or(TargetSet::OHOS),
        "__EMSCRIPTEN__" | "__wasm__" | "__FreeBSD__" | "__NetBSD__" | "__OpenBSD__" | "__CYGWIN__" | "__HAIKU__"
        | "__sun" | "_AIX" => TargetSet::NONE,
        "__cplusplus" => return if is_cpp { Truth::TRUE } else { Truth::FALSE },
        // These are defined to 0 or 1: whether they are defined says less than their value.
        _ => return Truth::UNKNOWN,
    };
    match name {
        // MinGW and clang on Windows lack the first, others the second.
        "_MSC_VER" | "__MINGW32__" | "__MINGW64__" | "_WIN64" | "WIN64" => Truth { must: TargetSet::NONE, may: set },
        "TARGET_OS_SIMULATOR" | "TARGET_IPHONE_SIMULATOR" => Truth { must: TargetSet::NONE, may: set },
        _ => Truth::on(set),
    }
}

/// What the condition of `#if` says. Names that the file defines to plain numbers have those values.
pub(super) fn evaluate(condition: &str, is_cpp: bool, numbers: &FxHashMap<&str, i64>) -> Truth {
    let tokens = tokens(condition);
    let mut reader = Reader { text: condition, tokens: &tokens, at: 0, depth: 0, is_cpp, numbers };
    let truth = reader.either();
    if reader.at == reader.tokens.len() { truth } else { Truth::UNKNOWN }
}

struct Reader<'c> {
    text: &'c str,
    tokens: &'c [Token],
    at: usize,
    depth: u32,
    is_cpp: bool,
    numbers: &'c FxHashMap<&'c str, i64>,
}

/// Conditions nest no deeper in earnest.
const DEPTH: u32 = 64;

impl<'c> Reader<'c> {
    fn peek(&self, ahead: usize) -> Option<&'c Token> {
        self.tokens.get(self.at + ahead)
    }

    fn takes(&mut self, signs: &[u8]) -> bool {
        let fits = signs.iter().enumerate().all(|(index, &sign)| self.peek(index).is_some_and(|token| token.is(sign)));
        self.at += if fits { signs.len() } else { 0 };
        fits
    }

    fn either(&mut self) -> Truth {
        let mut truth = self.both();
        while self.takes(b"||") {
            truth = truth.or(self.both());
        }
        truth
    }

    fn both(&mut self) -> Truth {
        let mut truth = self.compared();
        while self.takes(b"&&") {
            truth = truth.and(self.compared());
        }
        truth
    }

    /// `A`, or `A == 1`, `VERSION >= 3`: a comparison narrows at most to where the name can be defined.
    fn compared(&mut self) -> Truth {
        let truth = self.unary();
        let mut compares = false;
        while let Some(token) = self.peek(0) {
            let signs = |pair: &[u8; 2]| token.is(pair[0]) && self.peek(1).is_some_and(|next| next.is(pair[1]));
            if token.is(b')') || signs(b"&&") || signs(b"||") {
                break;
            }
            compares = true;
            if self.takes(b"(") {
                self.skip_group();
            } else {
                self.at += 1;
            }
        }
        // `__cplusplus >= 201103L`, `_MSC_VER < 1900`.
        match compares {
            false => truth,
            true => Truth { must: TargetSet::NONE, may: if truth.may.is_empty() { TargetSet::ALL } else { truth.may } },
        }
    }

    fn skip_group(&mut self) {
        let mut open = 1;
        while let Some(token) = self.peek(0) {
            open += i32::from(token.is(b'(')) - i32::from(token.is(b')'));
            self.at += 1;
            if open == 0 {
                break;
            }
        }
    }

    fn unary(&mut self) -> Truth {
        let mut negated = false;
        while self.takes(b"!") {
            negated = !negated;
        }
        let truth = self.primary();
        if negated { truth.negated() } else { truth }
    }

    fn primary(&mut self) -> Truth {
        if self.takes(b"(") {
            if self.depth >= DEPTH {
                self.at = self.tokens.len() + 1;
                return Truth::UNKNOWN;
            }
            self.depth += 1;
            let truth = self.either();
            self.depth -= 1;
            self.takes(b")");
            return truth;
        }
        let Some(token) = self.peek(0) else { return Truth::UNKNOWN };
        let word = token.text(self.text);
        self.at += 1;
        match token.kind {
            Kind::Literal => match integer(word) {
                Some(0) => Truth::FALSE,
                Some(_) => Truth::TRUE,
                None => Truth::UNKNOWN,
            },
            Kind::Identifier if word == "defined" => {
                let open = self.takes(b"(");
                let name = self.peek(0).map_or("", |token| token.text(self.text));
                self.at += 1;
                if open {
                    self.takes(b")");
                }
                defined(name, self.is_cpp)
            }
            Kind::Identifier => {
                if self.takes(b"(") {
                    self.skip_group();
                    return Truth::UNKNOWN;
                }
                match (word, self.numbers.get(word)) {
                    (_, Some(0)) | ("false", _) => Truth::FALSE,
                    (_, Some(_)) | ("true", _) => Truth::TRUE,
                    _ => defined(word, self.is_cpp),
                }
            }
            _ => Truth::UNKNOWN,
        }
    }
}

/// The value of an integer literal of C.
#[must_use]
pub fn integer(text: &str) -> Option<i64> {
    if let Some(positive) = text.strip_prefix('-') {
        return integer_without_sign(positive.trim_start()).map(i64::wrapping_neg);
    }
    integer_without_sign(text)
}

fn integer_without_sign(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|&c| c != '\'').collect::<String>().to_ascii_lowercase();
    let digits = digits.trim_end_matches(['u', 'l', 'z']);
    let (digits, radix) = match digits {
        _ if digits.starts_with("0x") => (digits.get(2..)?, 16),
        _ if digits.starts_with("0b") => (digits.get(2..)?, 2),
        _ if digits.len() > 1 && digits.starts_with('0') => (digits.get(1..)?, 8),
        _ => (digits, 10),
    };
    u64::from_str_radix(digits, radix).ok().map(|value| value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(condition: &str) -> Truth {
        evaluate(condition, true, &FxHashMap::default())
    }

    #[test]
    fn conditions_on_targets_are_sets() {
        assert_eq!(truth("defined(_WIN32) || defined __APPLE__"), {
            Truth::on(TargetSet::WINDOWS.or(TargetSet::MACOS).or(TargetSet::IOS))
        });
        assert_eq!(truth("!defined(_WIN32)"), Truth::on(TargetSet::ALL.minus(TargetSet::WINDOWS)));
        assert_eq!(truth("defined(_WIN32) && FOO > (3 + 4)"), Truth { must: TargetSet::NONE, may: TargetSet::WINDOWS });
        assert_eq!(truth("0"), Truth::FALSE);
        assert_eq!(truth("__cplusplus"), Truth::TRUE);
        assert_eq!(truth("FOO(1, 2)"), Truth::UNKNOWN);
        assert_eq!(truth("__cplusplus >= 201103L"), Truth::UNKNOWN);
        assert_eq!(truth(&"(".repeat(10_000)), Truth::UNKNOWN);
        assert_eq!(truth(""), Truth::UNKNOWN);
    }

    #[test]
    fn integers_of_c() {
        assert_eq!(
            ["0x1F", "017", "1'000ul", "0b11", "0", "x"].map(integer),
            [Some(31), Some(15), Some(1000), Some(3), Some(0), None]
        );
    }
}
