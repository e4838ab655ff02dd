// SPDX-License-Identifier: Apache-2.0
// What report.html shows of a run of akin-clip train-pairs.
#pragma once

#include "options.hpp"
#include "recall.hpp"
#include "training_run.hpp"

#include <akin/clip/retrieval.hpp>

#include <string>
#include <vector>

namespace clip_program {

/// A file of pairs to test with, and what became of it.
struct tested_pairs {
  std::string name;
  embedded_pairs rows;
  akin::retrieval_ranks ranks;
};

/// What a page says where an earlier part of the run was tested and the last one was not; else nothing.
std::string lost_tests(const train_pairs_options& o, const training_run& run);

std::string pairs_report(const train_pairs_options& o, const training_run& run, const std::vector<tested_pairs>& tests, double seconds);

}  // namespace clip_program
