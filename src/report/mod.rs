//! Events to people and machines; reads events and state, never a host.
