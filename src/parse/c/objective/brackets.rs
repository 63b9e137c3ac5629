//! Which brackets belong together.

use super::Token;

/// The partners of all three kinds of brackets.
pub(super) struct Brackets {
    /// For each token that opens the one that closes; 0 for others.
    closes: Vec<u32>,
}

impl Brackets {
    pub(super) fn new(live: &[Token]) -> Self {
        let mut closes = vec![0; live.len()];
        let mut open: Vec<(usize, u8)> = Vec::new();
        for (at, token) in live.iter().enumerate() {
            let opening = [(b'(', b')'), (b'[', b']'), (b'{', b'}')].into_iter().find(|(sign, _)| token.is(*sign));
            if let Some((_, closing)) = opening {
                open.push((at, closing));
            } else if [b')', b']', b'}'].iter().any(|sign| token.is(*sign)) {
                // A brace closes what was left open since its partner.
                while token.is(b'}') && open.last().is_some_and(|(_, closing)| *closing != b'}') {
                    open.pop();
                }
                if open.last().is_some_and(|(_, closing)| token.is(*closing))
                    && let Some(slot) = open.pop().and_then(|(from, _)| closes.get_mut(from))
                {
                    *slot = at as u32;
                }
            }
        }
        Self { closes }
    }

    /// The token that closes what opens here.
    pub(super) fn partner(&self, open: usize) -> Option<usize> {
        self.closes.get(open).map(|close| *close as usize).filter(|close| *close > open)
    }

    /// The token behind what begins here: behind the partner of a bracket that opens.
    pub(super) fn behind(&self, at: usize) -> usize {
        self.partner(at).unwrap_or(at) + 1
    }
}
