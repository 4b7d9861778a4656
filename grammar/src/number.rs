//! What a number literal is worth: Python's integers (decimal, `0x`, `0o`, `0b`) and floats, with `_` between digits.

/// The value of a literal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Integer(i128),
    Float(f64),
}

/// Why a literal has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Beyond `i128`.
    TooLarge,
    /// `012`, which is octal in other languages.
    LeadingZero,
    /// `2j`.
    Imaginary,
    /// An underscore that does not stand between two digits.
    Underscore,
    /// Letters that no number has.
    Malformed,
}

/// The value of the literal `text`, which begins with a digit or with a dot before one.
pub(crate) fn value(text: &str) -> Result<Number, Problem> {
    let radix = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => return decimal(text),
    };
    let digits = &text[2..];
    integer(digits.strip_prefix('_').unwrap_or(digits), radix)
}

/// How many bytes of `text` belong to the number that begins it; the same stretch as `number` in `rnn.pest`.
pub(crate) fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if matches!(bytes, [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..]) {
        return bytes.iter().take_while(|&&byte| is_word(byte)).count();
    }
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let is_signed_exponent = matches!(bytes[at..], [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..]);
        match byte {
            _ if is_signed_exponent => at += 2,
            b'.' => at += 1,
            byte if is_word(byte) => at += 1,
            _ => break,
        }
    }
    at
}

fn decimal(text: &str) -> Result<Number, Problem> {
    if let Some(real) = text.strip_suffix(['j', 'J']) {
        return decimal(real).and(Err(Problem::Imaginary));
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    if exponent.is_none() && fraction.is_none() {
        let is_padded = whole.len() > 1 && whole.starts_with('0') && whole.contains(|digit| matches!(digit, '1'..='9'));
        return if is_padded { digits(whole).and(Err(Problem::LeadingZero)) } else { integer(whole, 10) };
    }
    let exponent_digits = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    for part in [Some(whole), fraction].into_iter().flatten().filter(|part| !part.is_empty()) {
        digits(part)?;
    }
    exponent_digits.map_or(Ok(()), digits)?;
    let plain: String = text.chars().filter(|&character| character != '_').collect();
    plain.parse().map(Number::Float).map_err(|_| Problem::Malformed)
}

/// Decimal digits with single underscores between them.
fn digits(text: &str) -> Result<(), Problem> {
    if text.bytes().any(|byte| !byte.is_ascii_digit() && byte != b'_') || text.is_empty() {
        return Err(Problem::Malformed);
    }
    if text.starts_with('_') || text.ends_with('_') || text.contains("__") { Err(Problem::Underscore) } else { Ok(()) }
}

fn integer(text: &str, radix: u32) -> Result<Number, Problem> {
    if text.is_empty() || text.chars().any(|digit| digit != '_' && !digit.is_digit(radix)) {
        return Err(Problem::Malformed);
    }
    if text.starts_with('_') || text.ends_with('_') || text.contains("__") {
        return Err(Problem::Underscore);
    }
    let mut value: i128 = 0;
    for digit in text.chars().filter_map(|digit| digit.to_digit(radix)) {
        let next = value.checked_mul(i128::from(radix)).and_then(|value| value.checked_add(i128::from(digit)));
        value = next.ok_or(Problem::TooLarge)?;
    }
    Ok(Number::Integer(value))
}
