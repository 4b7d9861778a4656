//! Diagnostics as `compile_error!`s: at the tokens where the text is inline, as a rendered snippet where it is a file.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use rnn_compiler::render;
use rnn_grammar::{Diagnostic, Source};

use crate::source_map::SourceMap;

/// A `compile_error!` that underlines from the first span to the last: rustc joins the span of the macro's path with
/// that of its braces.
pub(crate) fn error(message: &str, first: Span, last: Span) -> TokenStream {
    let path = quote_spanned!(first=> ::core::compile_error!);
    let mut braces = Group::new(Delimiter::Brace, quote_spanned!(last=> #message));
    braces.set_span(last);
    let braces = TokenTree::Group(braces);
    quote!(#path #braces)
}

/// Mistakes of an inline text.
pub(crate) fn inline(map: &SourceMap, source: &Source, diagnostics: &[Diagnostic]) -> TokenStream {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    errors
        .map(|diagnostic| {
            let span = diagnostic.primary.span;
            let (first, last) = map.spans(span.start..span.end);
            error(&in_words(source, diagnostic), first, last)
        })
        .collect()
}

/// Mistakes of a file, all at the literal that names it.
pub(crate) fn file(source: &Source, diagnostics: &[Diagnostic], literal: Span) -> TokenStream {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    errors
        .map(|diagnostic| {
            let text = render::plain(source, diagnostic);
            // rustc writes `error: ` itself.
            error(text.strip_prefix("error").unwrap_or(&text), literal, literal)
        })
        .collect()
}

/// A mistake whose place rustc underlines: the rest of it in words.
pub(crate) fn in_words(source: &Source, diagnostic: &Diagnostic) -> String {
    let mut text = format!("[{}] {}", diagnostic.code, diagnostic.title);
    if !diagnostic.primary.text.is_empty() {
        text.push_str(": ");
        text.push_str(&diagnostic.primary.text);
    }
    for label in diagnostic.labels.iter().filter(|label| !label.text.is_empty()) {
        let line = source.position(label.span.start).line;
        text.push_str(&format!("\nline {line}: `{}` {}", source.slice(label.span), label.text));
    }
    for note in &diagnostic.notes {
        text.push_str("\nnote: ");
        text.push_str(note);
    }
    for help in &diagnostic.helps {
        text.push_str("\nhelp: ");
        text.push_str(&help.text);
        let replacements: Vec<_> = help.edits.iter().map(|edit| edit.text.trim_start_matches([',', ' '])).collect();
        if !replacements.iter().all(|replacement| replacement.is_empty()) {
            text.push_str(&format!(": `{}`", replacements.join("`, `")));
        }
    }
    text
}
