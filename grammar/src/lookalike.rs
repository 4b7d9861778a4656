//! Characters that look like those of the language and come from word processors, web pages and input methods.

/// What a character that is not in the language was meant to be; empty for one that is invisible.
pub(crate) fn meant(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' | '\u{2032}' | '\u{2039}' | '\u{203A}' | '\u{00B4}' => "'",
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{201F}' | '\u{2033}' | '\u{00AB}' | '\u{00BB}' => "\"",
        '`' => "'",
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE63}' => "-",
        '\u{00D7}' | '\u{2217}' | '\u{22C5}' => "*",
        '\u{00F7}' | '\u{2044}' | '\u{2215}' => "/",
        '\u{2260}' => "!=",
        '\u{2264}' => "<=",
        '\u{2265}' => ">=",
        '\u{2026}' => "...",
        '\u{3001}' => ",",
        '\u{3002}' => ".",
        '\u{3008}' | '\u{3014}' => "(",
        '\u{3009}' | '\u{3015}' => ")",
        '\u{3010}' => "[",
        '\u{3011}' => "]",
        '\u{00A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => " ",
        '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' => "",
        '\u{FF01}'..='\u{FF5E}' => {
            const ASCII: &str =
                "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
            let index = character as usize - 0xFF01;
            &ASCII[index..=index]
        }
        _ => return None,
    })
}

/// The name of a character that would not be seen in a message.
pub(crate) fn shown(character: char) -> String {
    match character {
        '\u{00A0}' => "a no-break space".to_owned(),
        '\u{FEFF}' => "a byte order mark".to_owned(),
        '\u{200B}' => "a zero-width space".to_owned(),
        '\u{3000}' => "an ideographic space".to_owned(),
        _ if character.is_control() || meant(character).is_some_and(|meant| meant.trim().is_empty()) => {
            format!("the invisible character U+{:04X}", character as u32)
        }
        _ => format!("`{character}`"),
    }
}

/// Whether the character opens or closes a string in print.
pub(crate) fn is_quote(character: char) -> bool {
    matches!(meant(character), Some("'" | "\""))
}
