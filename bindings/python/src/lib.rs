//! Python bindings: checks arguments, calls the core, converts.
