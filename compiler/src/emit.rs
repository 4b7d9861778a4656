//! From a plan to Rust: one type with its shapes, its weights, `forward`, and a stream value where the model is causal.
//!
//! The code stands in a nameless constant behind the types, so nothing but the types gets a name in the user's module.
//! It names the runtime by its path and `::core` only, allocates nothing, holds no `unsafe`, and never indexes a slice.

mod batch;
mod body;
mod borrowed;
mod clocks;
mod docs;
mod ends;
mod functions;
mod kept;
mod lengths;
mod model;
mod numbers;
mod recurrent;
mod rows;
mod state;
mod stream;
mod tokens;
mod weights;

use proc_macro2::{Ident, Spacing, TokenStream, TokenTree};
use quote::{format_ident, quote};

use crate::model::CompiledModel;
use crate::plan::Plan;
use crate::weights::BoundWeights;

/// What the code is to be called and where it stands.
#[derive(Clone, Debug)]
pub struct Options {
    /// The type's name.
    pub ident: Ident,
    /// `pub`, `pub(crate)` or nothing.
    pub visibility: TokenStream,
    /// The user's attributes and documentation for the type.
    pub attributes: TokenStream,
    /// The path of the runtime crate: `::rnn_runtime`.
    pub runtime: TokenStream,
    /// Absolute paths of files whose change must rebuild the code.
    pub tracked: Vec<String>,
    /// Whether the code may name rustc's tools: `#![no_implicit_prelude]` takes `#[diagnostic::…]` away.
    pub has_prelude: bool,
}

impl Options {
    /// A public type of this name, for a crate that has `rnn-runtime` under its own name.
    ///
    /// # Panics
    /// Where the name is no name of Rust.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            ident: tokens::name(name),
            visibility: quote!(pub),
            attributes: TokenStream::new(),
            runtime: quote!(::rnn_runtime),
            tracked: Vec::new(),
            has_prelude: true,
        }
    }
}

/// Where the weights of the generated type come from.
#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    /// There are none.
    None,
    /// They are part of the program.
    Embedded(&'a BoundWeights),
    /// The caller brings them.
    Borrowed,
}

/// Everything the parts of the emitter read.
#[derive(Clone, Copy)]
struct Context<'a> {
    model: &'a CompiledModel,
    plan: &'a Plan,
    source: Source<'a>,
    options: &'a Options,
}

impl Context<'_> {
    /// `DigitsStream` of `Stream`.
    fn named(&self, suffix: &str) -> Ident {
        format_ident!("{}{suffix}", self.options.ident)
    }

    /// The model's type with its lifetime, if it has one.
    fn self_type(&self) -> TokenStream {
        let ident = &self.options.ident;
        let lifetime = self.lifetime();
        quote!(#ident #lifetime)
    }

    /// `<'w>` where the weights are borrowed.
    fn lifetime(&self) -> TokenStream {
        if matches!(self.source, Source::Borrowed) { quote!(<'w>) } else { TokenStream::new() }
    }

    /// `packed: …,` in the value of a program; nothing where there are no weights.
    fn packed_field(&self) -> TokenStream {
        let packed = self.packed();
        if self.plan.segments.is_empty() { TokenStream::new() } else { quote!(packed: #packed,) }
    }

    /// The packed weights inside a method of the model or the stream.
    fn packed(&self) -> TokenStream {
        match self.source {
            Source::None => quote!(&[]),
            Source::Embedded(_) => quote!(WEIGHTS.floats()),
            Source::Borrowed => quote!(self.weights),
        }
    }
}

/// The model's code.
#[must_use]
pub fn emit(model: &CompiledModel, plan: &Plan, weights: Option<&BoundWeights>, options: &Options) -> TokenStream {
    let source = match weights {
        _ if plan.segments.is_empty() => Source::None,
        Some(bound) => Source::Embedded(bound),
        None => Source::Borrowed,
    };
    let runtime = numbers::runtime(&options.runtime, model.precision);
    let options = &Options { runtime, ..options.clone() };
    let context = Context { model, plan, source, options };
    let types = [
        model::declaration(&context),
        ends::declarations(&context),
        stream::declaration(&context),
        kept::declaration(&context),
    ];
    let inner = [
        weights::items(&context),
        ends::implementations(&context),
        functions::items(&context),
        model::implementation(&context),
        stream::implementation(&context),
        kept::implementation(&context),
    ];
    // The weights are not looked through for number types: they are one literal of any size.
    let typed = |tokens| numbers::typed(tokens, model.precision);
    let types = types.map(typed);
    let inner: TokenStream = std::iter::once(weights::data(&context)).chain(inner.map(typed)).collect();
    let imports = imports(&inner, &options.runtime);
    let tracked = options.tracked.iter().map(|path| {
        quote!(
            const _: &[u8] = ::core::include_bytes!(#path);
        )
    });
    quote! {
        #(#types)*
        const _: () = {
            #imports
            #(#tracked)*
            #inner
        };
    }
}

/// The code as text, formatted.
#[must_use]
pub fn expand(model: &CompiledModel, plan: &Plan, weights: Option<&BoundWeights>, options: &Options) -> String {
    let tokens = emit(model, plan, weights, options);
    match syn::parse2(tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        Err(_) => tokens.to_string(),
    }
}

/// The runtime's modules that the code names.
fn imports(code: &TokenStream, runtime: &TokenStream) -> TokenStream {
    let modules = ["activation", "buffers", "kernels", "simd", "state", "weights"];
    let used = modules.into_iter().filter(|module| names_module(code.clone(), module)).map(tokens::name);
    let used: Vec<Ident> = used.collect();
    if used.is_empty() { TokenStream::new() } else { quote!(use #runtime::{#(#used),*};) }
}

/// Whether `module::` stands somewhere in the code as the start of a path.
fn names_module(code: TokenStream, module: &str) -> bool {
    // Whether the last two tokens are `::`.
    let (mut is_colon, mut is_inside_path) = (false, false);
    let mut tokens = code.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let opens_path = tokens.peek().is_some_and(is_joint_colon);
        let is_found = match &token {
            TokenTree::Group(group) => names_module(group.stream(), module),
            TokenTree::Ident(ident) => opens_path && !is_inside_path && ident == module,
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        };
        if is_found {
            return true;
        }
        let was_joint_colon = std::mem::replace(&mut is_colon, is_joint_colon(&token));
        is_inside_path = was_joint_colon && matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':');
    }
    false
}

/// The first half of `::`.
fn is_joint_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint)
}
