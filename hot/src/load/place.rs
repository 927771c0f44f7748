//! Pages for a patch, within reach of the executable.
//!
//! Code refers to what it uses by signed 32-bit distances, so a patch must lie within 2 GiB of
//! everything in the executable. Near the executable there is the heap (above, it grows), and
//! often nothing below. So at the first load a region of [`REGION`] bytes is reserved, without
//! access and without memory, in the gap nearest to the image, below it before above it; patches
//! then take consecutive pages of the region, and so also lie within reach of each other. When a
//! region is full the next one is sought the same way, smaller where the gaps are small. A program
//! that will take patches begins with a region cut into larger pieces ([`room`]), which backtraces
//! know of (`super::debug`).
//!
//! Pages are writable while they are filled and relocated ([`Pages`]); [`Pages::seal`] makes the
//! text executable and the constants read-only, and from then on they stay ([`Sealed`]). Pages that
//! are dropped unsealed are given back.

use super::arch::{Arch, Processor};
use super::os::{Access, Host, Os, Platform};
use hot_patch::patch::PAGE;
use std::ops::{Range, RangeInclusive};
use std::sync::Mutex;

/// How much is reserved at a time, in bytes: a thousand ordinary patches.
const REGION: u64 = 64 << 20;

/// No pages within reach.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum NoRoom {
    #[error(
        "the patch needs {0} bytes within 2 GiB of what it refers to, and there is no gap of that \
         size: memory near the executable is taken; restart the program to run the new code"
    )]
    Gap(u64),
    #[error("the patch cannot be placed: {0}; restart the program to run the new code")]
    System(String),
}

/// A reserved region: `next..end` is free.
struct Region {
    next: u64,
    end: u64,
    /// Patches begin at multiples of so many bytes from its start.
    granule: u64,
}

static REGIONS: Mutex<Vec<Region>> = Mutex::new(Vec::new());

/// Takes `size` bytes (a multiple of [`PAGE`]), writable and zeroed, that begin in the window: near
/// the host if that can be.
pub(super) fn take(host: &Host, window: &RangeInclusive<u64>, size: u64) -> Result<Pages, NoRoom> {
    // Poison means that a load panicked between two steps here; the list holds only what was
    // reserved, so it can be used on.
    let mut regions = REGIONS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let size = size.max(PAGE);
    // Where fields reach from nowhere, the error names the one to blame once the patch is placed.
    let window = if window.is_empty() { &(0..=u64::MAX) } else { window };
    let both = |size| {
        let near = near(host, size);
        *near.start().max(window.start())..=*near.end().min(window.end())
    };
    let index = seek(&mut regions, host, size, REGION.max(size), both).or_else(|failure| {
        let anywhere = |_| window.clone();
        seek(&mut regions, host, size, size, anywhere).map_err(|_| failure)
    })?;
    let region = &mut regions[index];
    let range = region.next..region.next + size;
    // SAFETY: the pages are reserved and not handed out yet.
    unsafe { Platform::protect(range.clone(), Access::ReadWrite) }.map_err(NoRoom::System)?;
    let before = region.next;
    region.next += size.next_multiple_of(region.granule);
    let taken = before..region.next;
    Ok(Pages { range, taken })
}

/// Returns a region in which `size` bytes are free that begin in one of these places; if need be a
/// new one, `large` if there is a gap for that.
fn seek(
    regions: &mut Vec<Region>,
    host: &Host,
    size: u64,
    large: u64,
    starts: impl Fn(u64) -> RangeInclusive<u64>,
) -> Result<usize, NoRoom> {
    let holds = |r: &Region| r.end - r.next >= size && starts(size).contains(&r.next);
    if let Some(index) = regions.iter().position(holds) {
        return Ok(index);
    }
    let range =
        reserve(host, &starts(large), large).or_else(|_| reserve(host, &starts(size), size))?;
    regions.push(Region { next: range.start, end: range.end, granule: PAGE });
    Ok(regions.len() - 1)
}

/// Where `size` bytes may begin to be within reach of every byte of the host.
fn near(host: &Host, size: u64) -> RangeInclusive<u64> {
    let lowest = host.span.end.saturating_sub(Processor::REACH).max(1 << 16);
    let highest = host.span.start.saturating_add(Processor::REACH).saturating_sub(size);
    lowest..=highest
}

/// Reserves a region of so many granules, each patch of which begins at a granule of its own. The
/// next patches take their pages there. `None` when there is no gap for it.
pub(super) fn room(host: &Host, granule: u64, granules: u64) -> Option<Range<u64>> {
    let size = granule * granules;
    let range = reserve(host, &near(host, size), size).ok()?;
    let mut regions = REGIONS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    regions.insert(0, Region { next: range.start, end: range.end, granule });
    Some(range)
}

/// Reserves a region that begins in one of these places.
fn reserve(host: &Host, starts: &RangeInclusive<u64>, size: u64) -> Result<Range<u64>, NoRoom> {
    let mut failure = NoRoom::Gap(size);
    let used = Platform::mappings().map_err(NoRoom::System)?;
    for range in gaps(&used, &host.span, starts, size) {
        // Another thread may have mapped something there since: then the next gap is tried.
        match Platform::reserve(range.clone()) {
            Ok(()) => return Ok(range),
            Err(e) => failure = NoRoom::System(e),
        }
    }
    Err(failure)
}

/// Ranges of `size` bytes that are free and begin in one of these places: those below the host,
/// nearest first, then those above. A page is left free on each side, so that running over an end
/// faults.
fn gaps(
    used: &[Range<u64>],
    host: &Range<u64>,
    starts: &RangeInclusive<u64>,
    size: u64,
) -> Vec<Range<u64>> {
    let mut gaps = Vec::new();
    let mut start = 0u64;
    for taken in used.iter().cloned().chain(std::iter::once(u64::MAX..u64::MAX)) {
        let gap = start.saturating_add(PAGE)..taken.start.saturating_sub(PAGE);
        start = start.max(taken.end);
        // As high as possible: below, that is near; above, it is not right behind the heap, which
        // grows into the gap.
        let last = gap.end.saturating_sub(size).min(*starts.end()) & !(PAGE - 1);
        let Some(end) = last.checked_add(size).filter(|&end| last >= gap.start && end <= gap.end)
        else {
            continue;
        };
        // Not in a hole of the host itself.
        if starts.contains(&last) && (end <= host.start || last >= host.end) {
            gaps.push(last..end);
        }
    }
    gaps.sort_by_key(|gap| {
        let below = gap.end <= host.start;
        (!below, if below { host.start - gap.end } else { gap.start - host.end })
    });
    gaps
}

/// Writable pages that nothing refers to yet.
#[derive(Debug)]
pub(super) struct Pages {
    range: Range<u64>,
    /// The part of the region that was taken for them.
    taken: Range<u64>,
}

impl Pages {
    /// Returns the address of the first byte.
    pub(super) fn base(&self) -> u64 {
        self.range.start
    }

    /// Copies bytes to an offset.
    ///
    /// # Panics
    /// When they do not fit; the offsets were checked when the patch was read.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        let end = offset.checked_add(bytes.len() as u64).expect("checked when the patch was read");
        assert!(end <= self.range.end - self.range.start, "checked when the patch was read");
        let to = (self.range.start + offset) as *mut u8;
        // SAFETY: the destination lies inside pages that are writable and belong to `self` alone.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// Reads bytes at an offset.
    ///
    /// # Panics
    /// Like [`Pages::write`].
    pub(super) fn read<const N: usize>(&self, offset: u64) -> [u8; N] {
        let end = offset.checked_add(N as u64).expect("checked when the patch was read");
        assert!(end <= self.range.end - self.range.start, "checked when the patch was read");
        let mut bytes = [0; N];
        let from = (self.range.start + offset) as *const u8;
        // SAFETY: the source lies inside pages that are readable and belong to `self` alone.
        unsafe { from.copy_to_nonoverlapping(bytes.as_mut_ptr(), N) };
        bytes
    }

    /// Seals the image: text executable up to `read_only`, constants readable up to `data`.
    pub(super) fn seal(self, read_only: u64, data: u64) -> Result<Sealed, NoRoom> {
        let base = self.range.start;
        // SAFETY: nothing but this function's caller refers to the pages, and from here on text
        // and constants are only executed and read.
        let sealed = unsafe {
            Platform::protect(base..base + read_only, Access::ReadExecute)
                .and_then(|()| Platform::protect(base + read_only..base + data, Access::Read))
        };
        sealed.map_err(NoRoom::System)?;
        Processor::flush(base..base + read_only);
        std::mem::forget(self);
        Ok(Sealed { base })
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: nothing refers to pages that were not sealed.
        if unsafe { Platform::release(self.range.clone()) }.is_err() {
            // They hold what was written there, so they must not be handed out as fresh ones.
            return;
        }
        let mut regions = REGIONS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(region) = regions.iter_mut().find(|r| r.next == self.taken.end) {
            region.next = self.taken.start;
        }
    }
}

/// Pages that stay for the life of the process.
#[derive(Debug)]
pub(super) struct Sealed {
    base: u64,
}

impl Sealed {
    /// Returns the address of the first byte.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// Returns the address at an offset.
    pub(super) fn at(&self, offset: u64) -> *const u8 {
        (self.base + offset) as *const u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_within_reach_and_never_touch_what_is_used() {
        let host = 0x5555_0000_0000..0x5555_0100_0000u64;
        let below = host.start - 0x1000_0000..host.start - 0x0800_0000;
        let heap = host.end + 0x1000..host.end + 0x10_0000;
        let used = [below.clone(), host.clone(), heap.clone(), 0x7fff_0000_0000..0x7fff_1000_0000];
        let image = Host { bias: 0, span: host.clone(), build_id: Vec::new() };
        for size in [PAGE, REGION] {
            let found = gaps(&used, &host, &near(&image, size), size);
            assert!(found.len() >= 3, "{found:x?}");
            assert!(
                found[0].end <= host.start && found[0].start > below.end,
                "nearest below first"
            );
            for gap in &found {
                assert_eq!((gap.start % PAGE, gap.end - gap.start), (0, size));
                assert!(used.iter().all(|u| gap.end < u.start || gap.start > u.end), "{gap:x?}");
                let reach =
                    if gap.end <= host.start { host.end - gap.start } else { gap.end - host.start };
                assert!(reach <= Processor::REACH, "{gap:x?}");
            }
        }
        let everything = 0..u64::MAX - 1;
        assert!(gaps(std::slice::from_ref(&everything), &host, &(0..=u64::MAX), PAGE).is_empty());
        // Further away only when that is allowed.
        let around = [0x5554_0000_0000..0x5556_0000_0000, 0x7fff_0000_0000..0x7fff_1000_0000];
        assert!(gaps(&around, &host, &near(&image, PAGE), PAGE).is_empty());
        let found = gaps(&around, &host, &(0..=u64::MAX), PAGE);
        assert_eq!(found[0], 0x5553_ffff_e000..0x5553_ffff_f000, "{found:x?}");
    }

    #[test]
    fn pages_are_given_back_when_they_are_not_sealed() {
        let host = Platform::host();
        let mut first = take(host, &(0..=u64::MAX), 2 * PAGE).unwrap();
        first.write(PAGE, b"abc");
        assert_eq!(first.read::<3>(PAGE), *b"abc");
        let base = first.base();
        drop(first);
        let again = take(host, &(0..=u64::MAX), PAGE).unwrap();
        // Another test may have taken pages in between; either way they are fresh.
        if again.base() == base {
            assert_eq!(again.read::<3>(0), [0; 3]);
        }
    }
}
