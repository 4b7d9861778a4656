//! Placeholder of the workspace's layout.
