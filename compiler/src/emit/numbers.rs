//! The model's number type in its code.
//!
//! Everything else of the emitter, and the plan, write `f32` for it, and a constant by its float64 bits with the suffix
//! `u64`, which nothing else has. Here both become those of the model's type. Code in float64 names the runtime's module
//! `double`, which has everything under the same names.

use proc_macro2::{Group, Ident, Literal, TokenStream, TokenTree};
use quote::quote;

use crate::precision::Precision;

/// The path of what the code names.
pub(super) fn runtime(runtime: &TokenStream, precision: Precision) -> TokenStream {
    match precision {
        Precision::Single => runtime.clone(),
        Precision::Double => quote!(#runtime::double),
    }
}

/// The code with the model's number type in it.
pub(super) fn typed(tokens: TokenStream, precision: Precision) -> TokenStream {
    tokens.into_iter().map(|token| token_of(token, precision)).collect()
}

fn token_of(token: TokenTree, precision: Precision) -> TokenTree {
    let span = token.span();
    match token {
        TokenTree::Group(group) => {
            let mut typed = Group::new(group.delimiter(), typed(group.stream(), precision));
            typed.set_span(span);
            typed.into()
        }
        TokenTree::Ident(ident) if precision == Precision::Double && ident == "f32" => Ident::new("f64", span).into(),
        TokenTree::Literal(literal) => {
            let mut literal = literal_of(literal, precision);
            literal.set_span(span);
            literal.into()
        }
        TokenTree::Ident(_) | TokenTree::Punct(_) => token,
    }
}

#[allow(clippy::cast_possible_truncation)]
fn literal_of(literal: Literal, precision: Precision) -> Literal {
    let text = literal.to_string();
    if let Some(bits) = text.strip_suffix("u64").and_then(|digits| digits.parse().ok()) {
        return match precision {
            Precision::Single => Literal::u32_unsuffixed((f64::from_bits(bits) as f32).to_bits()),
            Precision::Double => Literal::u64_unsuffixed(bits),
        };
    }
    let of_double = text.strip_suffix("f32").filter(|_| precision == Precision::Double);
    of_double.and_then(|digits| format!("{digits}f64").parse().ok()).unwrap_or(literal)
}
