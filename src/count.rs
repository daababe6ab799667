//! Counting that can't overflow: offsets, lengths, numbers of things.

/// A count that would stay where it is instead of wrapping around. No text is so long, and no
/// stream has so much of anything, that it does.
pub(crate) trait Count {
    /// Counts so many more.
    fn raise(&mut self, by: Self);
    /// Counts so many fewer, which were counted before.
    fn lower(&mut self, by: Self);
}

macro_rules! counts {
    ($($number:ty),*) => {$(
        impl Count for $number {
            #[inline]
            fn raise(&mut self, by: Self) {
                *self = self.saturating_add(by);
            }
            #[inline]
            fn lower(&mut self, by: Self) {
                debug_assert!(*self >= by, "what is taken off was counted before");
                *self = self.saturating_sub(by);
            }
        }
    )*};
}

counts!(usize, u64);

/// The sum of lengths.
#[inline]
pub(crate) fn total<const N: usize>(lengths: [usize; N]) -> usize {
    lengths.into_iter().fold(0, usize::saturating_add)
}
