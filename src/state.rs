//! The ownership states, their join, and the one transition function: the policy.
