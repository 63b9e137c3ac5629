//! What a macro of the file expands to where that does not depend on what it is given: whole items with exported
//! functions, as glue puts them into its user's crate.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Item, Token, Type};

/// How deep the brackets of a macro are looked into.
const DEPTH: u32 = 64;

/// A variable of `thread_local!`.
pub(super) struct ThreadLocal {
    pub(super) name: Ident,
    pub(super) ty: Type,
    pub(super) value: Expr,
}

/// `thread_local! { static NAME: T = value; … }`; none when it reads otherwise.
pub(super) fn thread_locals(mac: &syn::Macro) -> Vec<ThreadLocal> {
    let read = |input: ParseStream<'_>| {
        let mut all = Vec::new();
        while !input.is_empty() {
            input.call(syn::Attribute::parse_outer)?;
            input.parse::<syn::Visibility>()?;
            input.parse::<Token![static]>()?;
            let name = input.parse()?;
            input.parse::<Token![:]>()?;
            let ty = input.parse()?;
            input.parse::<Token![=]>()?;
            let value = input.parse()?;
            all.push(ThreadLocal { name, ty, value });
            if !input.is_empty() {
                input.parse::<Token![;]>()?;
            }
        }
        Ok(all)
    };
    read.parse2(mac.tokens.clone()).unwrap_or_default()
}

/// The items of the arms that export a function and use no parameter of the macro's.
pub(super) fn exported(mac: &syn::Macro) -> Vec<Vec<Item>> {
    // `(pattern) => { items }; …`
    let mut arms = Vec::new();
    let mut after_arrow = false;
    for token in mac.tokens.clone() {
        match token {
            TokenTree::Group(arm) if after_arrow => {
                if exports(arm.stream(), DEPTH)
                    && let Some(tokens) = plain(arm.stream(), DEPTH)
                    && let Ok(file) = syn::parse2::<syn::File>(tokens)
                {
                    arms.push(file.items);
                }
                after_arrow = false;
            }
            TokenTree::Punct(sign) => after_arrow = sign.as_char() == '>',
            _ => after_arrow = false,
        }
    }
    arms
}

fn exports(tokens: TokenStream, depth: u32) -> bool {
    depth > 0
        && tokens.into_iter().any(|token| match token {
            TokenTree::Ident(word) => word == "no_mangle" || word == "export_name",
            TokenTree::Group(group) => exports(group.stream(), depth - 1),
            _ => false,
        })
}

/// The tokens with `crate` for `$crate`; nothing where the macro's parameters stand among them.
fn plain(tokens: TokenStream, depth: u32) -> Option<TokenStream> {
    let mut out = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        out.push(match token {
            TokenTree::Punct(sign) if sign.as_char() == '$' => match tokens.next() {
                Some(TokenTree::Ident(word)) if word == "crate" => TokenTree::Ident(Ident::new("crate", word.span())),
                _ => return None,
            },
            TokenTree::Group(group) => {
                let inner = plain(group.stream(), depth.checked_sub(1)?)?;
                let mut whole = Group::new(group.delimiter(), inner);
                whole.set_span(group.span());
                TokenTree::Group(whole)
            }
            token => token,
        });
    }
    Some(out.into_iter().collect())
}
