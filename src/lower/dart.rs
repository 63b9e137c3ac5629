//! Dart syntax → IR.
