// SPDX-License-Identifier: Apache-2.0
// What akin-clip computes with: the one place where the programs of a backend are made.
#pragma once

#include "labelled_run.hpp"

#include <memory>
#include <string>

namespace clip_program {

/// A backend with all the programs that akin-clip runs on it.
class computer {
 public:
  virtual ~computer() = default;
  virtual std::string name() const = 0;
  virtual std::unique_ptr<encoders> make_encoders(akin::parameter_store<float>& weights, const model_sizes& sizes,
                                                  pixel_scale scale) = 0;
  /// Trains to the end or to an interruption; returns the seconds in all.
  virtual double train(labelled_run& s, encoders& encode) = 0;
};

std::unique_ptr<computer> make_cpu_computer(int threads);
/// errors: run time, where akin-clip was built without Thrust
std::unique_ptr<computer> make_thrust_computer();

/// By the names of --backend.
inline std::unique_ptr<computer> make_computer(const std::string& backend, int threads) {
  return backend == "thrust" ? make_thrust_computer() : make_cpu_computer(threads);
}

}  // namespace clip_program
