//! What is to be done and what has happened: task graph, event log, queries and reports
