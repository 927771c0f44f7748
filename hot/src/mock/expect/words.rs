//! Numbers in words.

/// Returns how often: `twice`.
pub(super) fn times(n: u64) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// Returns how many: `one call`.
pub(super) fn number(calls: u64) -> String {
    match calls {
        1 => "one call".to_owned(),
        more => format!("{more} calls"),
    }
}

/// Returns which one: `3rd`.
pub(super) fn nth(n: u64) -> String {
    let ending = match (n % 10, n % 100) {
        (1, up_to) if up_to != 11 => "st",
        (2, up_to) if up_to != 12 => "nd",
        (3, up_to) if up_to != 13 => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

#[cfg(test)]
mod tests {
    use super::{nth, times};

    #[test]
    fn numbers_in_words() {
        assert_eq!(
            [1, 2, 3, 11, 12, 21, 113].map(nth).join(" "),
            "1st 2nd 3rd 11th 12th 21st 113th"
        );
        assert_eq!([1, 2, 3].map(times).join(", "), "once, twice, 3 times");
    }
}
