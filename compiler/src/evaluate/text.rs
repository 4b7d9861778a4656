//! Values as Python writes them: `repr`, `str`, and texts made with `%` and `format`.

use crate::value::{Located, Value};

/// Longest text that a message shows of a value.
const MAX_SHOWN: usize = 120;

/// Longest text that a program may build.
pub(crate) const MAX_TEXT: usize = 1 << 16;

/// The value's type with its article: `an int`, `a list`, `None`.
#[must_use]
pub(crate) fn kind_of(value: &Value) -> String {
    let name = value.type_name();
    match value {
        Value::None => "`None`".to_owned(),
        _ if name.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

/// Type and value: `an int (5)`.
#[must_use]
pub(crate) fn described(value: &Value) -> String {
    match value {
        Value::None => kind_of(value),
        _ => format!("{} ({})", kind_of(value), repr(value)),
    }
}

/// The value as Python's `repr` writes it, cut where it gets long.
#[must_use]
pub(crate) fn repr(value: &Value) -> String {
    let mut text = String::new();
    write_repr(value, &mut text, MAX_SHOWN);
    if text.len() > MAX_SHOWN {
        let end = (0..=MAX_SHOWN).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The value as Python's `str` writes it; `None` where the text would get too long.
#[must_use]
pub(crate) fn python_str(value: &Value) -> Option<String> {
    if let Value::String(text) = value {
        return Some(text.to_string());
    }
    let mut text = String::new();
    write_repr(value, &mut text, MAX_TEXT);
    (text.len() <= MAX_TEXT).then_some(text)
}

/// Writes until the text is longer than `limit`, so that nothing takes long.
fn write_repr(value: &Value, text: &mut String, limit: usize) {
    if text.len() > limit {
        return;
    }
    match value {
        Value::None => text.push_str("None"),
        Value::Boolean(true) => text.push_str("True"),
        Value::Boolean(false) => text.push_str("False"),
        Value::Integer(value) => text.push_str(&value.to_string()),
        Value::Float(value) => text.push_str(&python_float(*value)),
        Value::String(inner) => write_quoted(inner, text, limit),
        Value::Tuple(items) => {
            write_items("(", items, text, limit);
            text.push_str(if items.len() == 1 { ",)" } else { ")" });
        }
        Value::List(items) => {
            write_items("[", items, text, limit);
            text.push(']');
        }
        Value::Growing(items) => {
            write_items("[", &items.borrow(), text, limit);
            text.push(']');
        }
        Value::Dictionary(entries) => write_entries(entries, text, limit),
        Value::Range { start, stop, step: 1 } => text.push_str(&format!("range({start}, {stop})")),
        Value::Range { start, stop, step } => text.push_str(&format!("range({start}, {stop}, {step})")),
        Value::Layer(layer) => {
            text.push_str(&format!("<{} name={}>", layer.layer.declaration().class, layer.name));
        }
        Value::Model(_) => text.push_str("<model>"),
        Value::Tensor(_) => text.push_str("<symbolic tensor>"),
        Value::Activation(activation) => text.push_str(&format!("<function {}>", activation.name())),
        Value::Training(_, name) => text.push_str(&format!("<{name}>")),
        Value::Public(public) => text.push_str(&format!("<{} {}>", value.type_name(), public.name())),
        Value::Failed => text.push('?'),
    }
}

fn write_items(open: &str, items: &[Located], text: &mut String, limit: usize) {
    text.push_str(open);
    for (index, item) in items.iter().enumerate() {
        if text.len() > limit {
            return;
        }
        if index > 0 {
            text.push_str(", ");
        }
        write_repr(&item.value, text, limit);
    }
}

fn write_entries(entries: &[(Located, Located)], text: &mut String, limit: usize) {
    text.push('{');
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        write_repr(&key.value, text, limit);
        text.push_str(": ");
        write_repr(&value.value, text, limit);
    }
    text.push('}');
}

fn write_quoted(inner: &str, text: &mut String, limit: usize) {
    let quote = if inner.contains('\'') && !inner.contains('"') { '"' } else { '\'' };
    text.push(quote);
    for character in inner.chars().take(limit) {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            _ if character == quote => {
                text.push('\\');
                text.push(character);
            }
            _ => text.push(character),
        }
    }
    text.push(quote);
}

/// A float as Python writes it: the shortest digits that read back the same, exponents below 1e-4 and from 1e16.
#[must_use]
pub(crate) fn python_float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let (digits, exponent) = shortest(value);
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { "-" } else { "+" };
        return format!("{digits}e{sign}{:0>2}", exponent.unsigned_abs());
    }
    let n_digits = digits.chars().filter(char::is_ascii_digit).count();
    let n_behind_the_point = (i64::try_from(n_digits).unwrap_or(0) - 1 - exponent).max(1);
    format!("{value:.*}", usize::try_from(n_behind_the_point).unwrap_or(1))
}

/// The shortest digits that read back the same (`-1.25`), and the power of ten they are multiplied with. Of two
/// equally near texts Python takes the one with the even last digit, Rust the larger one.
fn shortest(value: f64) -> (String, i64) {
    let text = format!("{value:e}");
    let n_digits = text.split('e').next().unwrap_or("").chars().filter(char::is_ascii_digit).count();
    let exact = format!("{value:.*e}", n_digits.saturating_sub(1));
    let text = if exact.parse() == Ok(value) { exact } else { text };
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (digits.to_owned(), exponent.parse().unwrap_or(0))
}

/// `pattern % values`; `Err` says what does not fit.
pub(crate) fn percent_format(pattern: &str, values: &[Value]) -> Result<String, String> {
    let mut result = String::new();
    let mut values = values.iter();
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let flags = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (spec, tail) = rest.split_at(flags);
        let Some(conversion) = tail.chars().next() else { return Err("the text ends behind a `%`".to_owned()) };
        rest = &tail[conversion.len_utf8()..];
        if conversion == '%' {
            result.push('%');
            continue;
        }
        let value = values.next().ok_or("there are more `%` than values")?;
        result.push_str(&one_conversion(spec, conversion, value)?);
        if result.len() > MAX_TEXT {
            return Err("the text gets too long".to_owned());
        }
    }
    result.push_str(rest);
    if values.next().is_some() { Err("there are more values than `%`".to_owned()) } else { Ok(result) }
}

fn one_conversion(spec: &str, conversion: char, value: &Value) -> Result<String, String> {
    let (width, precision) = spec.split_once('.').map_or((spec, None), |(width, precision)| (width, Some(precision)));
    let read = |digits: &str| digits.parse::<usize>().ok().filter(|&number| number <= 1000);
    let text = match (conversion, value) {
        ('d' | 'i', Value::Integer(value)) => value.to_string(),
        ('d' | 'i', Value::Boolean(value)) => i32::from(*value).to_string(),
        #[allow(clippy::cast_possible_truncation)]
        ('d' | 'i', Value::Float(value)) if value.abs() < 1e38 => (value.trunc() as i128).to_string(),
        ('s', value) => python_str(value).ok_or("the text gets too long")?,
        ('r', value) => repr(value),
        ('f', Value::Integer(_) | Value::Float(_) | Value::Boolean(_)) => {
            let digits = precision.map_or(Some(6), read).ok_or("the precision is too large")?;
            format!("{:.digits$}", super::operators::as_float(value).unwrap_or(0.0))
        }
        ('d' | 'i' | 'f', other) => return Err(format!("`%{conversion}` needs a number, not {}", repr(other))),
        _ => return Err(format!("`%{conversion}` is not known; use `%d`, `%f`, `%s` or `%r`")),
    };
    if width.is_empty() {
        return Ok(text);
    }
    let columns = read(width).ok_or("the width is too large")?;
    let missing = columns.saturating_sub(text.chars().count());
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    Ok(if width.starts_with('0') && conversion != 's' {
        format!("{sign}{}{digits}", "0".repeat(missing))
    } else {
        format!("{}{text}", " ".repeat(missing))
    })
}

/// `pattern.format(values…)` with `{}` and `{0}`; `Err` says what does not fit.
pub(crate) fn brace_format(pattern: &str, values: &[(Option<String>, Value)]) -> Result<String, String> {
    let mut result = String::new();
    let mut next = 0;
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '{' | '}' if characters.peek() == Some(&character) => {
                characters.next();
                result.push(character);
            }
            '{' => {
                let field: String = characters.by_ref().take_while(|&inner| inner != '}').collect();
                let (name, format) = field.split_once(':').unwrap_or((&field, ""));
                let value = field_value(name, values, &mut next)?;
                result.push_str(&format_value(format, value)?);
            }
            '}' => return Err("a single `}` in the text".to_owned()),
            other => result.push(other),
        }
        if result.len() > MAX_TEXT {
            return Err("the text gets too long".to_owned());
        }
    }
    Ok(result)
}

/// A value as a format such as `02d`, `.2f`, `>8` shows it; `Err` says what does not fit.
pub(crate) fn format_value(format: &str, value: &Value) -> Result<String, String> {
    if format.is_empty() {
        return python_str(value).ok_or_else(|| "the text gets too long".to_owned());
    }
    let unknown = || format!("the format `:{format}` is not known; use one such as `:02d`, `:.2f` or `:>8`");
    let (align, rest) = match format.strip_prefix(['<', '>', '^']) {
        Some(rest) => (format.chars().next(), rest),
        None => (None, format),
    };
    let kind = rest.chars().last().filter(|last| last.is_ascii_alphabetic() || *last == '%');
    let sizes = rest.strip_suffix(|last: char| Some(last) == kind).unwrap_or(rest);
    let (width, precision) = sizes.split_once('.').map_or((sizes, None), |(width, digits)| (width, Some(digits)));
    let read = |digits: &str| digits.parse::<usize>().ok().filter(|&number| number <= 1000);
    let is_number = matches!(value, Value::Integer(_) | Value::Float(_) | Value::Boolean(_));
    let number = super::operators::as_float(value).unwrap_or(0.0);
    let digits = precision.map_or(Some(6), read).ok_or_else(unknown)?;
    let text = match (kind, value) {
        (Some('d') | None, Value::Integer(value)) if precision.is_none() => value.to_string(),
        (Some('d'), Value::Boolean(value)) if precision.is_none() => i32::from(*value).to_string(),
        (Some('f'), _) if is_number => format!("{number:.digits$}"),
        (Some('%'), _) if is_number => format!("{:.digits$}%", number * 100.0),
        (Some('s') | None, Value::String(text)) => {
            text.chars().take(precision.map_or(usize::MAX, |_| digits)).collect()
        }
        (None, Value::Float(value)) if precision.is_none() => python_float(*value),
        _ => return Err(format!("{} for {}", unknown(), kind_of(value))),
    };
    let columns = if width.is_empty() { 0 } else { read(width).ok_or_else(unknown)? };
    let missing = columns.saturating_sub(text.chars().count());
    if width.starts_with('0') && is_number && align.is_none() {
        let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
        return Ok(format!("{sign}{}{digits}", "0".repeat(missing)));
    }
    let before = match align {
        Some('>') => missing,
        Some('^') => missing / 2,
        None if is_number => missing,
        _ => 0,
    };
    Ok(format!("{}{text}{}", " ".repeat(before), " ".repeat(missing - before)))
}

fn field_value<'a>(field: &str, values: &'a [(Option<String>, Value)], next: &mut usize) -> Result<&'a Value, String> {
    let positional = |index: usize| values.iter().filter(|(name, _)| name.is_none()).nth(index);
    let found = if field.is_empty() {
        *next += 1;
        positional(*next - 1)
    } else if let Ok(index) = field.parse::<usize>() {
        positional(index)
    } else if field.chars().all(|c| c.is_alphanumeric() || c == '_') {
        values.iter().find(|(name, _)| name.as_deref() == Some(field))
    } else {
        return Err(format!("`{{{field}}}` is not known; use `{{}}` or `{{0}}`"));
    };
    found.map(|(_, value)| value).ok_or_else(|| format!("there is no value for `{{{field}}}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        let cases = [
            (0.5, "0.5"),
            (1.0, "1.0"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.5e300, "1.5e+300"),
            (-0.0, "-0.0"),
            (31_374_258.5 / 8192.0, "3829.8655395507812"),
            (3_602_879_701_896_397.0 / 4.0, "900719925474099.2"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in cases {
            assert_eq!(python_float(value), text);
        }
    }

    #[test]
    fn percent_and_brace_texts_are_filled() {
        let values = [Value::Integer(7), Value::String("a".into())];
        assert_eq!(percent_format("x_%03d_%s%%", &values), Ok("x_007_a%".to_owned()));
        assert_eq!(percent_format("%.2f", &[Value::Float(0.5)]), Ok("0.50".to_owned()));
        assert!(percent_format("%d", &values).is_err());
        assert!(percent_format("%d", &[]).is_err());
        let named = [(None, Value::Integer(1)), (Some("n".to_owned()), Value::Integer(2))];
        assert_eq!(brace_format("{}-{n}-{0}-{{}}", &named), Ok("1-2-1-{}".to_owned()));
        assert_eq!(brace_format("{:02d}{n:>3}", &named), Ok("01  2".to_owned()));
        assert!(brace_format("{:q}", &named).is_err());
    }

    #[test]
    fn formats_are_python_s() {
        let cases = [
            ("02d", Value::Integer(-3), "-3"),
            ("04d", Value::Integer(-3), "-003"),
            (".2f", Value::Float(2.0 / 3.0), "0.67"),
            ("6.1f", Value::Float(0.25), "   0.2"),
            (".1%", Value::Float(0.256), "25.6%"),
            ("<4", Value::String("ab".into()), "ab  "),
            ("^5", Value::String("ab".into()), " ab  "),
            ("4", Value::String("ab".into()), "ab  "),
            ("4", Value::Integer(7), "   7"),
            (".1", Value::String("ab".into()), "a"),
        ];
        for (format, value, text) in cases {
            assert_eq!(format_value(format, &value).as_deref(), Ok(text), "{format}");
        }
        assert!(format_value("d", &Value::Float(1.0)).is_err());
        assert!(format_value("9999d", &Value::Integer(1)).is_err());
    }

    #[test]
    fn long_values_are_cut_in_messages() {
        let item = Located { value: Value::String("x".repeat(1000).into()), span: rnn_grammar::Span::default() };
        assert!(repr(&Value::Tuple(vec![item; 50].into())).len() < 200);
    }
}
