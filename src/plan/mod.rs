//! What will change, why, in what order. Pure.
