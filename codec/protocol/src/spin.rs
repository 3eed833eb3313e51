//! [`Spin`]: whether a connection looks once more before it sleeps.

/// Whether a connection that waits for its peer looks once more after a turn of the
/// scheduler, or sleeps until its socket wakes it.
///
/// A processor that sleeps takes tens of microseconds to wake, longer than a small
/// call takes there and back. So whoever waits for a peer that answers at once does
/// well to look a few times, as idle threads of Go's scheduler do (`findRunnable`,
/// runtime/proc.go). To have looked in vain is paid with waits without it: with one
/// at first, with 63 in a row where it never helps. Slow peers cost next to
/// nothing by that, and quiet ones nothing.
///
/// Turns are counted, and no time is taken: it is the same under any clock.
///
/// ```
/// use gobrpc_protocol::spin::Spin;
///
/// let mut spin = Spin::new(2);
/// assert!(!spin.turn());      // nothing was heard of the peer yet
/// spin.heard();
/// assert!(spin.turn());
/// assert!(spin.turn());
/// assert!(!spin.turn());      // in vain: sleep, and not another look
/// spin.heard();
/// assert!(!spin.turn());      // nor in the next wait
/// spin.heard();
/// assert!(spin.turn());
/// ```
#[derive(Debug, Clone)]
pub struct Spin {
    /// Turns for each wait.
    turns: u32,
    /// Turns left in this wait.
    left: u32,
    /// Waits to come that have none.
    resting: u32,
    /// How many of these the last wait in vain brought.
    penalty: u32,
}

/// The most waits in a row that have no turn.
const MOST_RESTING: u32 = 63;

impl Spin {
    /// Turns for each wait that are enough for a peer on the same machine, which
    /// answers a small call within about ten, and take some 30 µs if it does not.
    pub const TURNS: u32 = 64;

    /// At most `turns` turns for each wait; with 0 none ever.
    #[must_use]
    pub fn new(turns: u32) -> Self {
        Self {
            turns,
            left: 0,
            resting: 0,
            penalty: 0,
        }
    }

    /// Bytes came from the peer, so that the next wait begins.
    pub fn heard(&mut self) {
        if self.left > 0 && self.left < self.turns {
            self.penalty /= 2;
        }
        if self.resting > 0 {
            self.resting -= 1;
            self.left = 0;
        } else {
            self.left = self.turns;
        }
    }

    /// True if it is worth a turn of the scheduler, and to look again.
    pub fn turn(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        if self.left == 0 {
            self.penalty = (self.penalty * 2 + 1).min(MOST_RESTING);
            self.resting = self.penalty;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Spin;

    /// Waits until there is no turn any more; gives how many there were.
    fn wait_in_vain(spin: &mut Spin) -> u32 {
        spin.heard();
        let mut turns = 0;
        while spin.turn() {
            turns += 1;
        }
        turns
    }

    #[test]
    fn a_slow_peer_costs_one_wait_of_sixty_four() {
        let mut spin = Spin::new(Spin::TURNS);
        let waits: Vec<u32> = (0..1000).map(|_| wait_in_vain(&mut spin)).collect();
        let [first, second, third, fourth, ..] = waits[..] else {
            panic!("a thousand waits");
        };
        assert_eq!([first, second, third, fourth], [64, 0, 64, 0]);
        // Of 640 waits in a row ten.
        assert_eq!(waits[360..].iter().sum::<u32>(), 10 * 64);
    }

    #[test]
    fn a_peer_that_answers_at_once_is_looked_for_each_time() {
        let mut spin = Spin::new(Spin::TURNS);
        for _ in 0..1000 {
            wait_in_vain(&mut spin);
        }
        // However slow it was before.
        let mut waits = 0;
        loop {
            spin.heard();
            if spin.turn() {
                break;
            }
            waits += 1;
        }
        assert!(waits <= 63, "{waits}");
        for _ in 0..100 {
            spin.heard();
            assert!(spin.turn());
        }
    }

    #[test]
    fn none_is_none() {
        let mut spin = Spin::new(0);
        assert_eq!((0..10).map(|_| wait_in_vain(&mut spin)).sum::<u32>(), 0);
    }
}
