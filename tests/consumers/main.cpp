// SPDX-License-Identifier: Apache-2.0
// The program of someone who uses akin.
#include <akin/akin.hpp>

#include <iostream>

inline constexpr struct embed : akin::axis<"embed"> {} embed;

int main() {
  const akin::extent extent = embed(512);
  std::cout << extent.axis << " " << extent.size << "\n";
  return extent.size == 512 ? 0 : 1;
}
