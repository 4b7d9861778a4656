//! Functions of one value, as C's mathematical library has them.

/// The largest whole number that is not above.
pub(crate) fn floor(x: f64) -> f64 {
    libm::floor(x)
}

/// The nearest whole number, the even one of two.
pub(crate) fn nearest(x: f64) -> f64 {
    libm::rint(x)
}

/// The natural logarithm.
pub(crate) fn natural_logarithm(x: f64) -> f64 {
    libm::log(x)
}

/// The logarithm to base 2.
pub(crate) fn logarithm_two(x: f64) -> f64 {
    libm::log2(x)
}

/// The logarithm to base 10.
pub(crate) fn logarithm_ten(x: f64) -> f64 {
    libm::log10(x)
}

/// `ln(1 + x)`.
pub(crate) fn logarithm_one_more(x: f64) -> f64 {
    libm::log1p(x)
}

/// `exp(x) − 1`.
pub(crate) fn exponential_less_one(x: f64) -> f64 {
    libm::expm1(x)
}

/// The sine.
pub(crate) fn sine(x: f64) -> f64 {
    libm::sin(x)
}

/// The cosine.
pub(crate) fn cosine(x: f64) -> f64 {
    libm::cos(x)
}
