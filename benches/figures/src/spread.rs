//! Samples: their median, and the quartiles around it.
//!
//! A ratio is made pair by pair: the measured and its baseline take turns (A B A B …), so that what
//! else the machine does hits both, and each sample is divided by the one taken beside it.

/// The middle half of some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// A quarter of the samples is below.
    pub low: f64,
    /// Half of them is.
    pub median: f64,
    /// Three quarters are.
    pub high: f64,
    /// How many there are.
    pub samples: usize,
}

impl Spread {
    /// Of samples; of none, all is "not a number".
    pub fn of(samples: &[f64]) -> Spread {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
            let place = share * last as f64;
            let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        Spread { low: at(0.25), median: at(0.5), high: at(0.75), samples: samples.len() }
    }

    /// Of the ratios, pair by pair.
    pub fn of_ratios(measured: &[f64], baseline: &[f64]) -> Spread {
        let ratios: Vec<f64> = measured.iter().zip(baseline).map(|(m, b)| m / b).collect();
        Spread::of(&ratios)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_samples() {
        let spread = Spread::of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!(spread, Spread { low: 1.75, median: 2.5, high: 3.25, samples: 4 });
        assert_eq!(Spread::of(&[7.0]).median, 7.0);
        assert!(Spread::of(&[]).median.is_nan());
    }

    #[test]
    fn ratios_are_made_pair_by_pair() {
        // A machine that is slow for a while slows both.
        assert_eq!(Spread::of_ratios(&[2.0, 20.0], &[1.0, 10.0]).median, 2.0);
    }
}
