//! Expressions for a tensor: however it is held, as the rows, the flat slice or the array that a kernel wants.

use proc_macro2::TokenStream;
use quote::quote;

use super::tokens::size;

/// A tensor at hand in the generated function.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    expression: TokenStream,
    /// How it is read, where that is another expression than the one that writes it.
    read_by: Option<TokenStream>,
    form: Form,
    writable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A place of type `[f32; width]`.
    Array(usize),
    /// A slice of rows: `[[f32; width]]`.
    Rows(usize),
    /// A variable that is an array of rows: `[[f32; width]; n]`.
    LocalRows(usize),
    /// A slice of values.
    Flat,
}

impl Rows {
    /// A place of type `[f32; width]`; written through where it is `writable`.
    pub(super) fn array(place: TokenStream, width: usize, writable: bool) -> Self {
        Self { expression: place, read_by: None, form: Form::Array(width), writable }
    }

    /// A reference to rows.
    pub(super) fn rows(slice: TokenStream, width: usize, writable: bool) -> Self {
        Self { expression: slice, read_by: None, form: Form::Rows(width), writable }
    }

    /// A reference to values.
    pub(super) fn flat(slice: TokenStream, writable: bool) -> Self {
        Self { expression: slice, read_by: None, form: Form::Flat, writable }
    }

    /// A local array of rows.
    pub(super) fn array_of_rows(variable: &proc_macro2::Ident, width: usize) -> Self {
        Self { expression: quote!(#variable), read_by: None, form: Form::LocalRows(width), writable: true }
    }

    /// What a caller gave: a reference to nested arrays of these sizes, outermost first.
    pub(super) fn of_arrays(reference: &TokenStream, sizes: &[usize], writable: bool) -> Self {
        match sizes {
            [] if writable => Self::flat(quote!(::core::slice::from_mut(#reference)), true)
                .read_by(&quote!(::core::slice::from_ref(#reference))),
            [] => Self::flat(quote!(::core::slice::from_ref(#reference)), false),
            &[width] => Self::array(quote!(*#reference), width, writable),
            [_, inner @ ..] => Self::of_place_rows(reference, inner, writable),
        }
    }

    /// A place that holds nested arrays of these sizes, outermost first: a field.
    pub(super) fn of_place(place: &TokenStream, sizes: &[usize], writable: bool) -> Self {
        match sizes {
            [] if writable => Self::flat(quote!(::core::slice::from_mut(&mut #place)), true)
                .read_by(&quote!(::core::slice::from_ref(&#place))),
            [] => Self::flat(quote!(::core::slice::from_ref(&#place)), false),
            &[width] => Self::array(place.clone(), width, writable),
            [_, inner @ ..] => Self::of_place_rows(place, inner, writable),
        }
    }

    fn of_place_rows(place: &TokenStream, inner: &[usize], writable: bool) -> Self {
        let read = Self::of_slice(&quote!(#place.as_slice()), inner, false);
        if writable {
            Self::of_slice(&quote!(#place.as_mut_slice()), inner, true).read_by(&read.expression)
        } else {
            read
        }
    }

    /// What a caller gave: a slice of nested arrays of these sizes.
    pub(super) fn of_slice(slice: &TokenStream, inner: &[usize], writable: bool) -> Self {
        let flatten = if writable { quote!(.as_flattened_mut()) } else { quote!(.as_flattened()) };
        match inner {
            [] => Self::flat(slice.clone(), writable),
            &[width] => Self::rows(slice.clone(), width, writable),
            [outer @ .., width] => {
                let flattens = outer.iter().map(|_| &flatten);
                let rows = Self::rows(quote!(#slice #(#flattens)*), *width, writable);
                let flattens = outer.iter().map(|_| quote!(.as_flattened()));
                if writable { rows.read_by(&quote!(#slice #(#flattens)*)) } else { rows }
            }
        }
    }

    /// The same, read by another expression than the one that writes it.
    fn read_by(mut self, expression: &TokenStream) -> Self {
        self.read_by = Some(expression.clone());
        self
    }

    /// The expression that reads it, as the receiver of a method call.
    fn reader(&self) -> &TokenStream {
        self.read_by.as_ref().unwrap_or(&self.expression)
    }

    /// As [`Self::read`], to call a method on: method calls lend by themselves.
    pub(super) fn read_receiver(&self, width: usize) -> TokenStream {
        match self.form {
            Form::Rows(own) if own == width => self.reader().clone(),
            Form::Array(_) | Form::Rows(_) | Form::LocalRows(_) | Form::Flat => self.read(width),
        }
    }

    /// As `&[[f32; width]]`.
    pub(super) fn read(&self, width: usize) -> TokenStream {
        let expression = self.reader();
        match self.form {
            Form::Array(own) if own == width => match bare(expression) {
                Some(reference) => quote!(::core::slice::from_ref(#reference)),
                None => quote!(::core::slice::from_ref(&#expression)),
            },
            Form::Rows(own) if own == width && self.is_lent() => quote!(&*#expression),
            Form::Rows(own) if own == width => quote!(#expression),
            Form::LocalRows(own) if own == width => quote!(#expression.as_slice()),
            Form::Array(_) | Form::Rows(_) | Form::LocalRows(_) | Form::Flat => {
                let (flat, width) = (self.read_flat(), size(width));
                quote!(buffers::rows::<#width>(#flat))
            }
        }
    }

    /// As `&[f32]`.
    pub(super) fn read_flat(&self) -> TokenStream {
        let expression = self.reader();
        match self.form {
            Form::Array(_) => match bare(expression) {
                Some(reference) => quote!(#reference.as_slice()),
                None => quote!(#expression.as_slice()),
            },
            Form::Rows(_) | Form::LocalRows(_) => quote!(#expression.as_flattened()),
            Form::Flat if self.is_lent() => quote!(&*#expression),
            Form::Flat => quote!(#expression),
        }
    }

    /// As `&[f32; width]`.
    pub(super) fn read_array(&self, width: usize) -> TokenStream {
        match self.form {
            Form::Array(own) if own == width => {
                let expression = &self.expression;
                bare(expression).unwrap_or_else(|| quote!(&#expression))
            }
            Form::Array(_) | Form::Rows(_) | Form::LocalRows(_) | Form::Flat => {
                let (flat, width) = (self.read_flat(), size(width));
                quote!(buffers::array::<#width>(#flat))
            }
        }
    }

    /// Whether it is a variable that reading would move.
    fn is_lent(&self) -> bool {
        self.writable && self.read_by.is_none() && self.expression.clone().into_iter().count() == 1
    }

    /// As `&mut [[f32; width]]`.
    pub(super) fn write(&self, width: usize) -> TokenStream {
        debug_assert!(self.writable, "a tensor is written where its place allows it");
        let expression = &self.expression;
        match self.form {
            Form::Array(own) if own == width => match bare(expression) {
                Some(reference) => quote!(::core::slice::from_mut(&mut *#reference)),
                None => quote!(::core::slice::from_mut(&mut #expression)),
            },
            Form::Rows(own) if own == width => reborrow(expression),
            Form::LocalRows(own) if own == width => quote!(#expression.as_mut_slice()),
            Form::Array(_) | Form::Rows(_) | Form::LocalRows(_) | Form::Flat => {
                let (flat, width) = (self.write_flat(), size(width));
                quote!(buffers::rows_mut::<#width>(#flat))
            }
        }
    }

    /// As [`Self::write`], to call a method on: method calls lend by themselves.
    pub(super) fn write_receiver(&self, width: usize) -> TokenStream {
        match self.form {
            Form::Rows(own) if own == width => self.expression.clone(),
            Form::Array(_) | Form::Rows(_) | Form::LocalRows(_) | Form::Flat => self.write(width),
        }
    }

    /// As `&mut [f32; width]`.
    pub(super) fn write_array(&self, width: usize) -> TokenStream {
        match self.form {
            Form::Array(own) if own == width => {
                let expression = &self.expression;
                match bare(expression) {
                    Some(reference) => quote!(&mut *#reference),
                    None => quote!(&mut #expression),
                }
            }
            Form::Array(_) | Form::Rows(_) | Form::LocalRows(_) | Form::Flat => {
                let (flat, width) = (self.write_flat(), size(width));
                quote!(buffers::array_mut::<#width>(#flat, &mut [0.0; #width]))
            }
        }
    }

    /// As `&mut [f32]`.
    pub(super) fn write_flat(&self) -> TokenStream {
        let expression = &self.expression;
        match self.form {
            Form::Array(_) => match bare(expression) {
                Some(reference) => quote!(#reference.as_mut_slice()),
                None => quote!(#expression.as_mut_slice()),
            },
            Form::Rows(_) | Form::LocalRows(_) => quote!(#expression.as_flattened_mut()),
            Form::Flat => reborrow(expression),
        }
    }
}

/// `reference` of `*reference`.
fn bare(place: &TokenStream) -> Option<TokenStream> {
    let mut tokens = place.clone().into_iter();
    match tokens.next() {
        Some(proc_macro2::TokenTree::Punct(punct)) if punct.as_char() == '*' => Some(tokens.collect()),
        _ => None,
    }
}

/// A variable is lent again; what a call answered is passed on.
fn reborrow(expression: &TokenStream) -> TokenStream {
    if expression.clone().into_iter().count() == 1 { quote!(&mut *#expression) } else { expression.clone() }
}
