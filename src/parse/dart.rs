//! Dart text → [`Tree`](super::Tree).
