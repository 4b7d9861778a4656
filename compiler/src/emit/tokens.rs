//! Small pieces of generated code: numbers, types, names.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use crate::plan::lowered::fixed;
use crate::shape::Dimension;

/// A number without a suffix.
pub(super) fn size(number: usize) -> Literal {
    Literal::usize_unsuffixed(number)
}

/// A name of the generated code.
pub(super) fn name(text: &str) -> Ident {
    Ident::new(text, Span::call_site())
}

/// `[[f32; 8]; 80]` of the sizes 80, 8.
pub(super) fn array_type(element: &TokenStream, sizes: &[usize]) -> TokenStream {
    sizes.iter().rev().fold(element.clone(), |inner, &length| {
        let length = size(length);
        quote!([#inner; #length])
    })
}

/// The known sizes among the axes; the plan has made sure that only the first can be free.
pub(super) fn known(axes: &[Dimension]) -> Vec<usize> {
    axes.iter().filter_map(|&axis| fixed(axis).ok()).collect()
}

/// A sample's type: nested arrays, or a slice of them where the first axis is free.
pub(super) fn sample_type(element: &TokenStream, axes: &[Dimension]) -> TokenStream {
    let inner = array_type(element, &known(axes));
    if is_free(axes) { quote!([#inner]) } else { inner }
}

/// Whether the first axis is free.
pub(super) fn is_free(axes: &[Dimension]) -> bool {
    axes.first().is_some_and(|axis| axis.known().is_none())
}

/// `&[None, Some(8)]`: a shape as Keras shows it.
pub(super) fn shape(shape: &crate::shape::Shape) -> TokenStream {
    let axes = shape.0.iter().map(|axis| match fixed(*axis) {
        Ok(length) => {
            let length = size(length);
            quote!(::core::option::Option::Some(#length))
        }
        Err(_) => quote!(::core::option::Option::None),
    });
    quote!(&[#(#axes),*])
}

/// Documentation, a line an attribute.
pub(super) fn docs(text: &str) -> TokenStream {
    text.lines()
        .map(|line| if line.is_empty() { String::new() } else { format!(" {line}") })
        .map(|line| quote!(#[doc = #line]))
        .collect()
}
