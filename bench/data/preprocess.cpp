// SPDX-License-Identifier: Apache-2.0
// preprocess FILE SECONDS: reads lines of standard input; for each, preprocesses FILE from its bytes to floats for SECONDS of
// this thread's processor time and prints images per such second, then the sum of the floats.
#include <akin/data/preprocess.hpp>
#include <akin/data/read_image.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <numeric>
#include <string>
#include <vector>

namespace {

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

int main(int, char** words) {
  const std::string name = words[1], bytes = akin::read_file(name);
  const double seconds = std::atof(words[2]);
  const akin::preprocessing how = akin::clip_preprocessing();
  std::vector<float> planes(3 * 224 * 224);
  char line[16];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    const double start = processor_seconds();
    double now = start;
    int images = 0;
    for (; now - start < seconds; now = processor_seconds(), ++images)
      akin::normalize(akin::preprocess(akin::decode_stored_image(std::as_bytes(std::span(bytes)), name), how), how, planes);
    std::printf("%.17g %.17g\n", images / (now - start), std::accumulate(planes.begin(), planes.end(), 0.0));
    std::fflush(stdout);
  }
}
