//! Tickets: clients that wait for a tick, or for their turn, with all that the next step needs, packed into a word.

use super::clients::Class;
use super::ids::SuperNodeId;

/// A client that waits for a tick, or for its turn: all that the next step needs.
pub(super) trait Ticket: Copy {
    /// Stands where there is no ticket.
    const NONE: Self;
    /// Whether this is a ticket.
    fn is_some(self) -> bool;
    /// Failures in a row so far.
    fn failures(self) -> u16;
    /// The same ticket after one more failure.
    fn failed(self) -> Self;
}

/// The ticket of a client that boots or seeks: class (bits 0–7), whether it was online when it lost its super node (8),
/// failures in a row, saturating (16–31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unattached(u32);

impl Unattached {
    const WAS_ONLINE: u32 = 1 << 8;

    /// A ticket without failures.
    #[inline]
    pub(super) fn new(class: Class) -> Unattached {
        Unattached(class.0.into())
    }

    #[inline]
    pub(super) fn class(self) -> Class {
        Class(self.0 as u8)
    }

    /// The same ticket, which remembers that the client was online if `was_online`.
    #[inline]
    pub(super) fn remembering(self, was_online: bool) -> Unattached {
        if was_online { Unattached(self.0 | Unattached::WAS_ONLINE) } else { self }
    }

    /// Whether the client was online when it lost its super node.
    #[inline]
    pub(super) fn was_online(self) -> bool {
        self.0 & Unattached::WAS_ONLINE != 0
    }
}

impl Ticket for Unattached {
    /// No ticket: bits 9–15 of one are 0.
    const NONE: Unattached = Unattached(u32::MAX);

    #[inline]
    fn is_some(self) -> bool {
        self != Unattached::NONE
    }

    #[inline]
    fn failures(self) -> u16 {
        (self.0 >> 16) as u16
    }

    #[inline]
    fn failed(self) -> Unattached {
        Unattached(self.0.checked_add(1 << 16).unwrap_or(self.0))
    }
}

/// The ticket of a client in back-off or in the login queue: super node (bits 0–31), class (32–39), failures in a row,
/// saturating (48–63).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attached(u64);

impl Attached {
    /// A ticket without failures.
    #[inline]
    pub(super) fn new(supernode: SuperNodeId, class: Class) -> Attached {
        Attached(u64::from(supernode.0) | u64::from(class.0) << 32)
    }

    #[inline]
    pub(super) fn class(self) -> Class {
        Class((self.0 >> 32) as u8)
    }

    /// The super node whose child it is, or was if that has died.
    #[inline]
    pub(super) fn supernode(self) -> SuperNodeId {
        SuperNodeId(self.0 as u32)
    }
}

impl Ticket for Attached {
    /// No ticket: bits 40–47 of one are 0.
    const NONE: Attached = Attached(u64::MAX);

    #[inline]
    fn is_some(self) -> bool {
        self != Attached::NONE
    }

    #[inline]
    fn failures(self) -> u16 {
        (self.0 >> 48) as u16
    }

    #[inline]
    fn failed(self) -> Attached {
        Attached(self.0.checked_add(1 << 48).unwrap_or(self.0))
    }
}

/// The ticket of a client that renews its login, or could not in time: as that of any other that is attached, and when it
/// began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Renewing {
    pub(super) ticket: Attached,
    /// The tick in which the renewal began.
    pub(super) began: u32,
}

impl Ticket for Renewing {
    const NONE: Renewing = Renewing { ticket: Attached::NONE, began: 0 };

    #[inline]
    fn is_some(self) -> bool {
        self.ticket.is_some()
    }

    #[inline]
    fn failures(self) -> u16 {
        self.ticket.failures()
    }

    #[inline]
    fn failed(self) -> Renewing {
        Renewing { ticket: self.ticket.failed(), ..self }
    }
}

/// Parts the tickets of clients that fail once more into those that go on, and those that give up: with `most` failures in
/// a row or more; 0 for never.
pub(super) fn part_from_giving_up<T: Ticket>(tickets: &mut [T], most: u64) -> (&[T], &[T]) {
    let mut going_on = tickets.len();
    if most > 0 {
        going_on = 0;
        for index in 0..tickets.len() {
            if u64::from(tickets[index].failures()) + 1 < most {
                tickets.swap(going_on, index);
                going_on += 1;
            }
        }
    }
    tickets.split_at(going_on)
}

/// Moves the tickets to the front, in their order, and returns them without what is none.
pub(super) fn compact<T: Ticket>(tickets: &mut [T]) -> &[T] {
    let mut length = 0;
    for index in 0..tickets.len() {
        let ticket = tickets[index];
        tickets[length] = ticket;
        length += usize::from(ticket.is_some());
    }
    &tickets[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_returns_what_was_packed_into_it() {
        for (class, remembers) in [(0, false), (255, true), (77, true)] {
            let mut ticket = Unattached::new(Class(class)).remembering(remembers);
            for failures in [0, 1, 2] {
                assert_eq!((ticket.class(), ticket.was_online()), (Class(class), remembers));
                assert_eq!((ticket.failures(), ticket.is_some()), (failures, true));
                ticket = ticket.failed();
            }
        }
        for (supernode, class) in [(0, 0), (u32::MAX, 255), (123_456_789, 77)] {
            let mut ticket = Attached::new(SuperNodeId(supernode), Class(class));
            for failures in [0, 1, 2] {
                assert_eq!((ticket.supernode(), ticket.class()), (SuperNodeId(supernode), Class(class)));
                assert_eq!((ticket.failures(), ticket.is_some()), (failures, true));
                ticket = ticket.failed();
            }
        }
        assert!(!Unattached::NONE.is_some() && !Attached::NONE.is_some());
    }

    #[test]
    fn failures_saturate_and_leave_the_rest_of_the_ticket_alone() {
        let (mut seeking, mut waiting) = (Unattached::new(Class(255)), Attached::new(SuperNodeId(7), Class(255)));
        for _ in 0..70_000 {
            (seeking, waiting) = (seeking.failed(), waiting.failed());
        }
        assert_eq!((seeking.failures(), waiting.failures()), (u16::MAX, u16::MAX));
        assert_eq!((seeking.class(), waiting.class(), waiting.supernode()), (Class(255), Class(255), SuperNodeId(7)));
        assert!(seeking.is_some() && waiting.is_some());
    }

    #[test]
    fn who_has_failed_often_enough_gives_up() {
        let tickets = || {
            let first = Unattached::new(Class(1));
            [first.failed().failed(), first, first.failed(), first.failed().failed().failed(), first]
        };
        let parted = |most| {
            let mut tickets = tickets();
            let (going_on, giving_up) = part_from_giving_up(&mut tickets, most);
            [going_on, giving_up].map(|part| part.iter().map(|ticket| ticket.failures()).collect::<Vec<u16>>())
        };
        assert_eq!(parted(0), [vec![2, 0, 1, 3, 0], vec![]]);
        assert_eq!(parted(1), [vec![], vec![2, 0, 1, 3, 0]]);
        let [going_on, mut giving_up] = parted(3);
        giving_up.sort_unstable();
        assert_eq!((going_on, giving_up), (vec![0, 1, 0], vec![2, 3]));
    }

    #[test]
    fn compacting_keeps_the_tickets_in_their_order() {
        let [a, b, c] = [1, 2, 3].map(|class| Unattached::new(Class(class)));
        assert_eq!(compact(&mut [Unattached::NONE, a, b, Unattached::NONE, c]), [a, b, c]);
        assert_eq!(compact(&mut [Unattached::NONE; 2]), []);
    }
}
