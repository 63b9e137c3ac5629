//! Rust text → syn's items and syntax errors.
//!
//! syn gives up a whole file for one error and runs out of stack on deep nesting, which ends the process. So the
//! tokens are measured and cut into items first, and each item is parsed on its own.

use std::rc::Rc;
use std::str::FromStr;

use proc_macro2::{Delimiter, Group, LexError, TokenStream, TokenTree};

use super::{Limits, Refused};
use crate::source::Span;

pub use lines::Lines;

mod lines;
mod nesting;

/// How deep brackets may nest; the deepest real file seen has 129 levels. syn takes up to 8 KB of stack a level.
const DEEPEST: usize = 256;

/// A file's syntax. All spans in it count from the start of its chunk and are dead once the [`Spans`] are dropped.
#[derive(Default)]
pub struct RustFile {
    /// The file, or the stretches of it that hold together when brackets do not.
    pub chunks: Vec<Chunk>,
    /// What could not be parsed, in order.
    pub errors: Vec<Span>,
}

/// A stretch of a file that was parsed for itself.
pub struct Chunk {
    /// Where it begins, bytes of the file.
    pub offset: u32,
    /// Its items.
    pub items: Vec<syn::Item>,
    /// Its lines: where its items' tokens lie in it.
    pub lines: Rc<Lines>,
    /// Where there are no tokens: white space and comments, bytes of the file. Only gathered when asked for.
    pub gaps: Vec<Span>,
}

/// Keeps the spans of one file alive. proc-macro2 keeps the source of everything it reads until told otherwise.
#[derive(Debug)]
pub struct Spans(());

impl Spans {
    /// For one file on this thread.
    #[must_use]
    pub fn open() -> Self {
        Self(())
    }
}

impl Drop for Spans {
    fn drop(&mut self) {
        proc_macro2::extra::invalidate_current_thread_spans();
    }
}

/// Parses one file.
///
/// # Errors
///
/// A file that breaks one of the limits is refused; syntax errors are not errors here.
pub fn parse(_spans: &Spans, text: &str, with_gaps: bool, limits: &Limits) -> Result<RustFile, Refused> {
    let limit = limits.bytes.min(u32::MAX as usize - 1);
    if text.len() > limit {
        return Err(Refused::TooLarge { bytes: text.len(), limit });
    }
    if let Some(offset) = memchr::memchr(0, text.as_bytes()) {
        return Err(Refused::Binary { offset });
    }
    let depth = DEEPEST.min(limits.depth as usize);
    let mut file = RustFile::default();
    let start = prologue(text);
    let rest = text.get(start..).unwrap_or("");
    match TokenStream::from_str(rest) {
        Ok(tokens) => file.chunk(text, start, rest, tokens, with_gaps, depth)?,
        Err(error) => {
            let mut any = false;
            for (offset, chunk) in stretches(rest, start, "") {
                match TokenStream::from_str(chunk) {
                    Ok(tokens) => {
                        file.chunk(text, offset, chunk, tokens, with_gaps, depth)?;
                    }
                    Err(_) => {
                        any = true;
                        match mended(chunk, offset) {
                            Some((read, tokens, broken)) => {
                                file.errors.extend(broken);
                                file.chunk(text, offset, &read, tokens, with_gaps, depth)?;
                            }
                            None => file.errors.push(trimmed(chunk, offset)),
                        }
                    }
                }
            }
            if !any {
                file.errors.push(place_of(&error, rest, start));
            }
        }
    }
    Ok(file)
}

/// The length of what comes before the first token: a byte order mark and `#!…`, but not `#![attribute]`.
fn prologue(text: &str) -> usize {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let rest = text.get(mark..).unwrap_or("");
    match rest.strip_prefix("#!") {
        Some(after) if !after.trim_start().starts_with('[') => mark + rest.find('\n').unwrap_or(rest.len()),
        _ => mark,
    }
}

/// What a line that begins an item starts with, at the left margin.
const ITEM_STARTS: [&str; 19] = [
    "#[",
    "///",
    "async ",
    "const ",
    "enum ",
    "extern ",
    "fn ",
    "impl ",
    "impl<",
    "macro_rules!",
    "mod ",
    "pub ",
    "pub(",
    "static ",
    "struct ",
    "trait ",
    "type ",
    "unsafe ",
    "use ",
];

/// The text and the tokens of an `impl`, `mod` or the like without the members whose brackets do not fit, and where these
/// are.
fn mended(stretch: &str, offset: usize) -> Option<(String, TokenStream, Vec<Span>)> {
    let header = stretch.find('{')?;
    // Only what holds items: a function without part of its body would be another one.
    let words = || stretch.get(..header).unwrap_or("").split(|c: char| !c.is_alphanumeric());
    if words().any(|word| word == "fn") || !words().any(|word| matches!(word, "impl" | "mod" | "trait" | "extern")) {
        return None;
    }
    let start = header + stretch.get(header..)?.find('\n')? + 1;
    let end = stretch.rfind("\n}")? + 1;
    let body = stretch.get(start..end)?;
    let line = body.lines().find(|line| !line.trim().is_empty())?;
    let indent = line.get(..line.len() - line.trim_start().len()).filter(|indent| !indent.is_empty())?;
    let mut text = String::with_capacity(stretch.len());
    text.push_str(stretch.get(..start)?);
    let mut broken = Vec::new();
    for (at, member) in stretches(body, offset + start, indent) {
        if TokenStream::from_str(member).is_ok() {
            text.push_str(member);
        } else {
            broken.push(trimmed(member, at));
            // Of the same length in bytes and in characters, so that what follows keeps its place.
            text.extend(std::iter::repeat_n(' ', member.len()));
        }
    }
    text.push_str(stretch.get(end..)?);
    if broken.is_empty() {
        return None;
    }
    let tokens = TokenStream::from_str(&text).ok()?;
    Some((text, tokens, broken))
}

fn trimmed(text: &str, offset: usize) -> Span {
    let start = offset + text.len() - text.trim_start().len();
    Span::new(start as u32, (offset + text.trim_end().len()).max(start) as u32)
}

/// Where a text whose brackets do not fit falls into parts: before each item at the margin, its attributes and
/// documentation included, and after each line that starts there with a closing brace.
fn stretches<'t>(text: &'t str, offset: usize, indent: &str) -> Vec<(usize, &'t str)> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    // Nothing but attributes, comments and white space so far.
    let mut is_head = true;
    let mut cut = |start: &mut usize, at: usize| {
        parts.push((offset + *start, text.get(*start..at).unwrap_or("")));
        *start = at;
    };
    for line in text.split_inclusive('\n') {
        let at_margin = line.strip_prefix(indent).unwrap_or("");
        if !is_head && ITEM_STARTS.iter().any(|word| at_margin.starts_with(word)) {
            cut(&mut start, at);
            is_head = true;
        }
        at += line.len();
        let trimmed = line.trim_start();
        is_head &= trimmed.is_empty() || trimmed.starts_with("//") || trimmed.starts_with("#[");
        if at_margin.starts_with('}') {
            cut(&mut start, at);
            is_head = true;
        }
    }
    cut(&mut start, at);
    parts
}

fn place_of(error: &LexError, text: &str, offset: usize) -> Span {
    let at = error.span().byte_range();
    let start = at.start.min(text.len());
    Span::new((offset + start) as u32, (offset + at.end.clamp(start, text.len())) as u32)
}

impl RustFile {
    fn chunk(
        &mut self,
        file: &str,
        offset: usize,
        text: &str,
        tokens: TokenStream,
        with_gaps: bool,
        depth: usize,
    ) -> Result<(), Refused> {
        let lines = Rc::new(Lines::new(text));
        let (offset, end) = (offset as u32, (offset + text.len()) as u32);
        let gaps = if with_gaps { nesting::gaps(tokens.clone(), &lines, offset, end) } else { Vec::new() };
        let mut chunk = Chunk { offset, items: Vec::new(), lines, gaps };
        for piece in pieces(tokens) {
            match nesting::measure(&piece, depth) {
                nesting::Nesting::Fits => {}
                nesting::Nesting::Chains => {
                    self.errors.extend(chunk.span(&piece));
                    continue;
                }
                nesting::Nesting::Brackets(at) => {
                    let at = (offset + chunk.lines.start(at)) as usize;
                    let line = 1 + memchr::memchr_iter(b'\n', file.get(..at).unwrap_or("").as_bytes()).count();
                    return Err(Refused::TooDeep { line, limit: depth });
                }
            }
            self.item(piece, &mut chunk);
        }
        self.chunks.push(chunk);
        Ok(())
    }

    fn item(&mut self, piece: Vec<TokenTree>, chunk: &mut Chunk) {
        match syn::parse2::<syn::Item>(piece.iter().cloned().collect()) {
            Ok(item) => chunk.items.push(item),
            Err(_) => match self.body_wise(&piece, chunk) {
                Some(item) => chunk.items.push(item),
                None => self.errors.extend(chunk.span(&piece)),
            },
        }
    }

    /// An `impl`, `mod`, `trait` or `extern` block that has errors inside: its header with the members that are whole.
    fn body_wise(&mut self, piece: &[TokenTree], chunk: &Chunk) -> Option<syn::Item> {
        let (TokenTree::Group(body), header) = piece.split_last()? else { return None };
        if body.delimiter() != Delimiter::Brace {
            return None;
        }
        let mut empty = Group::new(Delimiter::Brace, TokenStream::new());
        empty.set_span(body.span());
        let mut item: syn::Item =
            syn::parse2(header.iter().cloned().chain([TokenTree::Group(empty)]).collect()).ok()?;
        let mut broken = Vec::new();
        match &mut item {
            syn::Item::Impl(it) => it.items = members(body, &mut broken),
            syn::Item::Trait(it) => it.items = members(body, &mut broken),
            syn::Item::ForeignMod(it) => it.items = members(body, &mut broken),
            syn::Item::Mod(it) => it.content.as_mut()?.1 = members(body, &mut broken),
            _ => return None,
        }
        for piece in broken {
            self.errors.extend(chunk.span(&piece));
        }
        Some(item)
    }
}

impl Chunk {
    fn span(&self, piece: &[TokenTree]) -> Option<Span> {
        let (start, end) = (self.lines.start(piece.first()?.span()), self.lines.end(piece.last()?.span()));
        Some(Span::new(self.offset + start, self.offset + end))
    }
}

fn members<T: syn::parse::Parse>(body: &Group, broken: &mut Vec<Vec<TokenTree>>) -> Vec<T> {
    let parsed =
        pieces(body.stream()).into_iter().filter_map(|piece| match syn::parse2::<T>(piece.iter().cloned().collect()) {
            Ok(member) => Some(member),
            Err(_) => {
                broken.push(piece);
                None
            }
        });
    parsed.collect()
}

/// Cuts tokens into items. The attributes of a whole file (`#![…]`) are left out.
fn pieces(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<TokenTree> = Vec::new();
    let mut to_semicolon = None;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let mut ends = false;
        match &token {
            TokenTree::Punct(sign) if sign.as_char() == '#' && piece.is_empty() => {
                let inner = |next: &TokenTree| matches!(next, TokenTree::Punct(next) if next.as_char() == '!');
                if tokens.next_if(inner).is_some() {
                    tokens.next();
                    continue;
                }
            }
            TokenTree::Punct(sign) => ends = sign.as_char() == ';',
            TokenTree::Ident(word) if to_semicolon.is_none() => {
                to_semicolon = match word.to_string().as_str() {
                    "use" | "static" | "type" => Some(true),
                    // `const fn`, `const unsafe extern "C" fn`; `const NAME: T = …;`
                    "const" => match tokens.peek() {
                        Some(TokenTree::Ident(next)) => {
                            Some(!["fn", "unsafe", "async", "extern"].contains(&next.to_string().as_str()))
                        }
                        _ => Some(true),
                    },
                    "pub" | "unsafe" | "default" | "safe" | "async" | "extern" | "auto" => None,
                    _ => Some(false),
                };
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => ends = to_semicolon != Some(true),
            TokenTree::Group(_) | TokenTree::Ident(_) | TokenTree::Literal(_) => {}
        }
        piece.push(token);
        if ends {
            // A lone `;` between items is no item.
            if piece.len() > 1 {
                pieces.push(std::mem::take(&mut piece));
            }
            piece.clear();
            to_semicolon = None;
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}
