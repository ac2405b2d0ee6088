//! A set of positions in a chunk.

/// Most positions in a set.
pub(super) const POSITIONS: usize = 256;
const PER_WORD: usize = u64::BITS as usize;
const WORDS: usize = POSITIONS / PER_WORD;

/// A set of positions below [`POSITIONS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits([u64; WORDS]);

impl Bits {
    /// The positions below `count` that `is_in` accepts.
    pub(super) fn of(count: usize, is_in: impl Fn(usize) -> bool) -> Self {
        let mut bits = Self::default();
        for position in (0..count).filter(|position| is_in(*position)) {
            bits.set(position);
        }
        bits
    }

    pub(super) fn set(&mut self, position: usize) {
        self.0[position / PER_WORD] |= 1 << (position % PER_WORD);
    }

    pub(super) fn has(self, position: usize) -> bool {
        self.0[position / PER_WORD] >> (position % PER_WORD) & 1 == 1
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    pub(super) fn count(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The positions, smallest first.
    pub(super) fn positions(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(number, mut word)| {
            std::iter::from_fn(move || {
                let next = (word != 0).then(|| word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(number * PER_WORD + next)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it() {
        let odd = Bits::of(100, |position| position % 2 == 1);
        assert_eq!((odd.count(), Bits::of(POSITIONS, |_| true).count()), (50, 256));
        assert!(odd.has(99) && !odd.has(98) && !odd.has(101));
        let expected: Vec<usize> = (0..100).filter(|position| position % 2 == 1).collect();
        assert_eq!(odd.positions().collect::<Vec<_>>(), expected);
        assert!(Bits::default().is_empty() && !odd.is_empty());
        assert_eq!(Bits::of(POSITIONS, |position| position == 255).positions().last(), Some(255));
    }
}
