//! The packed weights: one static, or the tables by which the runtime packs them; and their parts by name.

use std::collections::HashMap;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::tokens::{name, size};
use super::{Context, Source};
use crate::graph::NodeKind;
use crate::layer::Variable;
use crate::packing::{PackOp, Store};
use crate::precision::Precision;
use crate::storage::Storage;
use crate::weights::BoundWeights;

/// Everything about weights that stands behind the types.
pub(super) fn items(context: &Context<'_>) -> TokenStream {
    match context.source {
        Source::None => TokenStream::new(),
        Source::Embedded(_) => parts(context),
        Source::Borrowed => [tables(context), parts(context)].into_iter().collect(),
    }
}

/// The embedded weights, if the model has such.
pub(super) fn data(context: &Context<'_>) -> TokenStream {
    match context.source {
        Source::Embedded(bound) => embedded(context, bound),
        Source::None | Source::Borrowed => TokenStream::new(),
    }
}

/// One byte string: as tokens, a million floats would cost rustc seconds.
fn embedded(context: &Context<'_>, bound: &BoundWeights) -> TokenStream {
    let runtime = &context.options.runtime;
    let bytes = context.plan.packed_bytes(bound, context.model.precision);
    let (length, bytes) = (size(bytes.len()), Literal::byte_string(&bytes));
    quote! {
        /// All weights, packed for the kernels, little-endian.
        static WEIGHTS: #runtime::weights::Aligned<#length> = #runtime::weights::Aligned(*#bytes);
    }
}

/// A layer's packed weights, each under its name.
fn parts(context: &Context<'_>) -> TokenStream {
    let ident = context.named("Weights");
    let mut fields = TokenStream::new();
    let mut values = TokenStream::new();
    for segment in &context.plan.segments {
        let field = name(&segment.ident);
        let (start, length) = (size(segment.offset), size(segment.packing.length));
        let doc = format!(" {} floats from {} on.", segment.packing.length, segment.offset);
        fields.extend(quote!(#[doc = #doc] #field: &'w [f32],));
        values.extend(quote!(#field: buffers::segment::<#start, #length>(packed),));
    }
    quote! {
        /// The packed weights, kernel by kernel.
        struct #ident<'w> { #fields }

        impl<'w> #ident<'w> {
            #[inline(always)]
            fn of(packed: &'w [f32]) -> Self {
                Self { #values }
            }
        }
    }
}

/// The tensors as Keras stores them, and the copies that pack them.
fn tables(context: &Context<'_>) -> TokenStream {
    let runtime = &context.options.runtime;
    let graph = &context.model.graph;
    let mut specs = TokenStream::new();
    // The tensor of each weight of each node: a variable that several of them have is one.
    let mut tensors: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes().len()];
    let mut known: HashMap<Variable, usize> = HashMap::new();
    let mut count = 0;
    let mut unread = context.model.sibling_keys.clone();
    for (index, node) in graph.nodes().iter().enumerate() {
        let NodeKind::Layer { instance, .. } = &node.node.kind else { continue };
        let class = instance.layer.declaration().class;
        for weight in &node.weights {
            if let Some(&tensor) = weight.variable.and_then(|variable| known.get(&variable)) {
                tensors[index].push(tensor);
                continue;
            }
            tensors[index].push(count);
            known.extend(weight.variable.map(|variable| (variable, count)));
            let key = crate::weights::key(instance, weight);
            if weight.is_integer {
                unread.push(key);
                continue;
            }
            count += 1;
            let shape = weight.shape.iter().map(|&axis| Literal::u64_unsuffixed(axis));
            specs.extend(quote!(#runtime::weights::TensorSpec { name: #key, class: #class, shape: &[#(#shape),*] },));
        }
    }
    let ops: TokenStream = context
        .plan
        .segments
        .iter()
        .flat_map(|segment| {
            let tensors = tensors[segment.node].get(segment.first_tensor..).unwrap_or_default();
            let precision = context.model.precision;
            segment.packing.ops.iter().map(move |op| pack_op(runtime, op, tensors, segment.offset, precision))
        })
        .map(|op| quote!(#runtime::weights::PackOp::#op,))
        .collect();
    quote! {
        /// What the file may hold too: weights of other models of the text, and integers that inference never reads.
        const SIBLINGS: &[&str] = &[#(#unread),*];

        /// The weights that the model needs, as Keras stores them.
        const TENSORS: &[#runtime::weights::TensorSpec] = &[#specs];

        /// How they are packed for the kernels.
        const PACKING: &[#runtime::weights::PackOp] = &[#ops];
    }
}

/// One step of the packing, counted over all tensors and all packed floats; `tensors` are those of the segment.
fn pack_op(runtime: &TokenStream, op: &PackOp, tensors: &[usize], offset: usize, precision: Precision) -> TokenStream {
    match *op {
        PackOp::Add { tensor, source, destination, axes, scale } => {
            let (tensor, source) = (size(tensors[tensor]), size(source));
            let (destination, scale) = (size(offset + destination), Literal::f32_unsuffixed(scale));
            let loops = axes.iter().map(|&(count, from, to)| {
                let (count, from, to) = (size(count), size(from), size(to));
                quote!((#count, #from, #to))
            });
            quote! {
                Add { tensor: #tensor, source: #source, destination: #destination, loops: [#(#loops),*], scale: #scale }
            }
        }
        PackOp::Store(store) => store_op(runtime, &store, tensors, offset),
        PackOp::Normalize { tensors: [gamma, beta, mean, variance], epsilon, count, factors, summands } => {
            let optional = |tensor: Option<usize>| match tensor {
                Some(tensor) => {
                    let tensor = size(tensors[tensor]);
                    quote!(::core::option::Option::Some(#tensor))
                }
                None => quote!(::core::option::Option::None),
            };
            let (gamma, beta, mean, variance) = (optional(gamma), optional(beta), optional(mean), optional(variance));
            let (epsilon, count) = (Literal::f64_unsuffixed(precision.round(epsilon)), size(count));
            let (factors, shifts) = (size(offset + factors), size(offset + summands));
            quote! {
                Normalize {
                    gamma: #gamma, beta: #beta, mean: #mean, variance: #variance,
                    epsilon: #epsilon, count: #count, factors: #factors, shifts: #shifts
                }
            }
        }
    }
}

/// A step that stores smaller numbers; its destination counts them over all packed weights.
fn store_op(runtime: &TokenStream, store: &Store, tensors: &[usize], offset: usize) -> TokenStream {
    let (tensor, source) = (size(tensors[store.tensor]), size(store.source));
    let destination = size(offset * store.storage.per_float() + store.destination);
    let loops = store.axes.iter().map(|&(count, from, to)| {
        let (count, from, to) = (size(count), size(from), size(to));
        quote!((#count, #from, #to))
    });
    let scale = Literal::f32_unsuffixed(store.scale);
    let storage = name(match store.storage {
        Storage::F32 | Storage::F16 => "F16",
        Storage::Bf16 => "Bf16",
        Storage::Int8 => "Int8",
    });
    let scales = match store.scales {
        Some((first, steps)) => {
            let (first, steps) = (size(offset + first), steps.map(size));
            quote!(::core::option::Option::Some((#first, [#(#steps),*])))
        }
        None => quote!(::core::option::Option::None),
    };
    quote! {
        Store {
            tensor: #tensor, source: #source, destination: #destination, loops: [#(#loops),*], scale: #scale,
            storage: #runtime::weights::Storage::#storage, scales: #scales
        }
    }
}
