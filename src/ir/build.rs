//! Control flow → blocks, shared by all frontends.
