//! Functions of single values, those of `libm`: at most 1 ULP, the sine and the cosine of large numbers too.

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident $function:ident)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name(x: f64) -> f64 {
            libm::$function(x)
        }
    )*};
}
functions! {
    /// The largest whole number that is not above.
    floor floor
    /// The nearest whole number, the even one of two.
    nearest rint
    /// ln x.
    natural_logarithm log
    /// log₂ x.
    logarithm_two log2
    /// log₁₀ x.
    logarithm_ten log10
    /// ln(1 + x), exact near 0.
    logarithm_one_more log1p
    /// eˣ − 1, exact near 0.
    exponential_less_one expm1
    /// The sine.
    sine sin
    /// The cosine.
    cosine cos
}
