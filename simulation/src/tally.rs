use std::fmt;
use std::ops::AddAssign;
use std::time::Duration;

macro_rules! happenings {
    ($($name:ident $text:literal $(#[$doc:meta])*;)*) => {
        /// What is counted in a world.
        ///
        /// ```
        /// use waypost_simulation::Happening;
        ///
        /// assert_eq!(Happening::Lost.to_string(), "datagrams lost");
        /// assert!(Happening::Lost.is_fault() && !Happening::Sent.is_fault());
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Happening {
            $($(#[$doc])* $name,)*
        }

        impl Happening {
            /// All of them, work first and then faults.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }

        impl fmt::Display for Happening {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$name => $text),* })
            }
        }
    };
}

happenings! {
    Sent "datagrams sent" /** Machines sent a datagram. */;
    Delivered "datagrams delivered" /** A datagram, or a copy of one, arrived. */;
    Told "operations acknowledged" /** A registration, update, renewal or removal was acknowledged. */;
    Answered "answers judged" /** An answer to a look-up, or a notification, was judged. */;
    Judged "entries judged" /** What an answer says, or does not say, of one endpoint was judged. */;
    Compared "states compared" /** What an observer knew was compared with a fresh look-up, or what a directory holds with another. */;
    Checked "states checked" /** All was looked at after the weather had calmed. */;
    Lost "datagrams lost" /** A datagram got lost. */;
    Duplicated "datagrams duplicated" /** A datagram was sent on its way twice. */;
    Reordered "datagrams reordered" /** A datagram arrived before one sent earlier on the same way. */;
    Late "datagrams late" /** A datagram took more than a second. */;
    TooLarge "datagrams too large" /** A datagram was dropped for its size. */;
    CutOff "datagrams cut off" /** A partition stopped a datagram. */;
    Unheard "datagrams unheard" /** A datagram came to a machine that was asleep or off. */;
    Partition "partitions" /** The network parted, in both directions. */;
    OneWay "partitions one way" /** The network parted in one direction. */;
    LongPartition "partitions longer than a lifetime" /** A partition outlasted the shortest lifetime in the world. */;
    JumpForward "clocks set forward" /** A clock was set forward. */;
    JumpBack "clocks set back" /** A clock was set back. */;
    Sleep "machines asleep" /** A machine slept while its clock went on. */;
    Standstill "machines asleep with their clocks" /** A machine slept, and its clock with it. */;
    Restart "restarts with memory" /** A machine restarted and knew what it had known. */;
    Amnesia "restarts without memory" /** A machine restarted and knew nothing. */;
    Lapsed "registrations lapsed" /** A registration ran out before its endpoint reached a directory. */;
    Moved "endpoints moved" /** An endpoint went to another directory. */;
    GivenUp "requests given up" /** A request of a registrant, or a look-up, came to nothing. */;
}

impl Happening {
    /// Tells whether it is a fault, and not work.
    #[must_use]
    pub fn is_fault(self) -> bool {
        self >= Self::Lost
    }
}

/// How often what happened: the proof that a world had each fault, and work to do meanwhile.
///
/// ```
/// use waypost_simulation::{Happening, Tally};
///
/// let mut sum = Tally::default();
/// let mut other = Tally::default();
/// other.add(Happening::Lost);
/// sum += &other;
/// sum += &other;
/// assert_eq!((sum.count(Happening::Lost), sum.count(Happening::Late)), (2, 0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// The time that passed in the world.
    pub simulated: Duration,
    counts: [u64; Happening::ALL.len()],
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, what: Happening) {
        self.add_many(what, 1);
    }

    /// Counts several.
    pub fn add_many(&mut self, what: Happening, count: usize) {
        self.counts[what as usize] += count as u64;
    }

    /// Returns how often something happened.
    #[must_use]
    pub const fn count(&self, what: Happening) -> u64 {
        self.counts[what as usize]
    }
}

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        self.simulated += other.simulated;
        for (sum, count) in self.counts.iter_mut().zip(other.counts) {
            *sum += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>12} hours simulated", self.simulated.as_secs() / 3600)?;
        for &what in Happening::ALL {
            writeln!(f, "{:>12} {what}", self.count(what))?;
        }
        Ok(())
    }
}
