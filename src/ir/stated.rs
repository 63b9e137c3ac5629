//! Comments that say who owns what: `// ffilint: returns static`.

use super::{Annotation, Const, Name};
use crate::source::Span;

/// The name of annotations that stand for such a comment.
const NAME: &str = "ffilint";

/// What such a comment starts with, after the comment sign.
const SIGN: &str = "ffilint:";

/// What else may follow the sign: comments that are not about ownership.
const OTHERS: [&str; 2] = ["ignore", "file-ignore"];

/// A comment that says who owns what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it says, without the sign.
    pub text: Name,
    /// The comment, bytes of the file.
    pub span: Span,
    /// It stands in a body, and speaks of what is bound before this byte of the file; else of the declaration.
    pub until: Option<u32>,
}

impl Statement {
    /// Reads a comment; `None` where it says nothing of ownership.
    #[must_use]
    pub fn read(comment: &str, span: Span) -> Option<Self> {
        let inner = comment.strip_prefix("//").or_else(|| comment.strip_prefix("/*")?.strip_suffix("*/"))?;
        let said = inner.trim_start_matches(['/', '!', '*']).trim_start().strip_prefix(SIGN)?.trim();
        let word = said.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or_default();
        (!OTHERS.contains(&word)).then(|| Self { text: said.into(), span, until: None })
    }

    /// The annotation that carries it.
    #[must_use]
    pub fn to_annotation(&self) -> Annotation {
        let number = |name: &str, value: u32| (Some(name.into()), Const::Int(value.into()));
        let mut args =
            vec![(None, Const::Str(self.text.clone())), number("start", self.span.start), number("end", self.span.end)];
        args.extend(self.until.map(|until| number("until", until)));
        Annotation { name: NAME.into(), type_args: Vec::new(), args }
    }

    /// What an annotation carries.
    #[must_use]
    pub fn of(annotation: &Annotation) -> Option<Self> {
        let [(None, Const::Str(text)), (_, Const::Int(start)), (_, Const::Int(end)), rest @ ..] =
            annotation.args.as_slice()
        else {
            return None;
        };
        let number = |value: &i64| u32::try_from(*value).ok();
        let until = match rest.first() {
            Some((_, Const::Int(until))) => number(until),
            _ => None,
        };
        let span = Span::new(number(start)?, number(end)?);
        (annotation.name == NAME).then(|| Self { text: text.clone(), span, until })
    }
}
