//! The macro's header: attributes, visibility, the struct's name; what follows is the model's text.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use rnn_compiler::storage::Storage;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Token, Visibility};

/// What stands before the model's text.
pub(crate) struct Header {
    /// Documentation and attributes that go to the type.
    pub(crate) attributes: TokenStream,
    pub(crate) source: Option<LitStr>,
    pub(crate) weights: Option<LitStr>,
    pub(crate) model: Option<LitStr>,
    /// What rows of weights are stored as.
    pub(crate) storage: Option<LitStr>,
    pub(crate) runtime: Option<TokenStream>,
    pub(crate) visibility: Visibility,
    pub(crate) ident: Ident,
    /// The tokens of the model's text; empty where it is in a file.
    pub(crate) text: TokenStream,
}

/// Reads the header.
///
/// # Errors
/// Where it is not written as it must be; the message says how.
pub(crate) fn parse(input: TokenStream) -> syn::Result<Header> {
    parse_stream.parse2(input)
}

impl Header {
    /// What rows of weights are stored as; floats where nothing is said.
    pub(crate) fn storage(&self) -> Storage {
        self.storage.as_ref().and_then(|literal| Storage::parse(&literal.value())).unwrap_or_default()
    }
}

const FORM: &str = "write `#[source = \"model.rnn\"] pub struct Name;`, or the model's text behind the struct";

fn parse_stream(input: ParseStream<'_>) -> syn::Result<Header> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility: Visibility = input.parse()?;
    if !input.peek(Token![struct]) {
        return Err(syn::Error::new(input.span(), format!("expected `struct`: {FORM}")));
    }
    input.parse::<Token![struct]>()?;
    let ident: Ident =
        input.parse().map_err(|error| syn::Error::new(error.span(), format!("expected a name: {FORM}")))?;
    if !input.peek(Token![;]) {
        let message = format!("expected `;` behind `struct {ident}`: the type has no fields or parameters of its own");
        return Err(syn::Error::new(input.span(), message));
    }
    input.parse::<Token![;]>()?;
    let mut header = Header {
        attributes: TokenStream::new(),
        source: None,
        weights: None,
        model: None,
        storage: None,
        runtime: None,
        visibility,
        ident,
        text: TokenStream::new(),
    };
    for attribute in attributes {
        take(&mut header, attribute)?;
    }
    header.text = input.parse()?;
    Ok(header)
}

/// Sorts one attribute: the macro's own, or the type's.
fn take(header: &mut Header, attribute: Attribute) -> syn::Result<()> {
    let name = attribute.path().get_ident().map(ToString::to_string).unwrap_or_default();
    let slot = match name.as_str() {
        "source" => &mut header.source,
        "weights" => &mut header.weights,
        "model" => &mut header.model,
        "storage" => &mut header.storage,
        "runtime" => {
            header.runtime = Some(path_value(&attribute)?);
            return Ok(());
        }
        _ => {
            if let Some(known) = misspelt(&name) {
                let message = format!("unknown attribute `{name}`: did you mean `{known}`?");
                return Err(syn::Error::new(attribute.path().span(), message));
            }
            attribute.to_tokens(&mut header.attributes);
            return Ok(());
        }
    };
    if slot.is_some() {
        return Err(syn::Error::new(attribute.path().span(), format!("`#[{name} = …]` is given twice")));
    }
    let value = text_value(&attribute, &name)?;
    if name == "storage" && Storage::parse(&value.value()).is_none() {
        let names = Storage::ALL.map(|storage| format!("`{storage}`")).join(", ");
        let message = format!("`{}` is no storage of weights: choose one of {names}", value.value());
        return Err(syn::Error::new(value.span(), message));
    }
    *slot = Some(value);
    Ok(())
}

/// Near misses of the macro's own attributes; a type could not carry them either.
fn misspelt(name: &str) -> Option<&'static str> {
    match name {
        "sources" | "src" | "file" | "path" => Some("source"),
        "weight" => Some("weights"),
        "models" | "variable" => Some("model"),
        "store" | "precision" | "dtype" | "quantize" => Some("storage"),
        "crate" | "rnn_runtime" => Some("runtime"),
        _ => None,
    }
}

fn text_value(attribute: &Attribute, name: &str) -> syn::Result<LitStr> {
    if let Meta::NameValue(pair) = &attribute.meta
        && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
    {
        return Ok(text.clone());
    }
    Err(syn::Error::new(span_of(attribute), format!("write `#[{name} = \"…\"]`")))
}

fn path_value(attribute: &Attribute) -> syn::Result<TokenStream> {
    if let Meta::NameValue(pair) = &attribute.meta
        && let Expr::Path(path) = &pair.value
    {
        let path: &Path = &path.path;
        return Ok(quote!(#path));
    }
    Err(syn::Error::new(span_of(attribute), "write `#[runtime = path::to::rnn_runtime]`"))
}

fn span_of(attribute: &Attribute) -> Span {
    attribute.meta.span()
}
