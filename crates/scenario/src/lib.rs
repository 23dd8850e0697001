//! Text scripts of rollouts that run against any cluster, and the transcripts they leave
