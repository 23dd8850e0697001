//! Markdown to a plan of phases, tasks, requirements and criteria, with byte spans and diagnostics
