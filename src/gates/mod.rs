//! May we go on? A gate looks at the ring and answers; it never touches a host.
