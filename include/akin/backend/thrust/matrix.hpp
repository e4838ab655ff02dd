// SPDX-License-Identifier: Apache-2.0
// Products of matrices as the Thrust backend asks for them.
#pragma once

#include <cstdint>

namespace akin::inline v0 {
namespace device {

/// Matrices of one shape, `batch_step` numbers from each to the next.
template <class T>
struct matrix {
  T* data = nullptr;
  std::int64_t row_step = 0, column_step = 0, batch_step = 0;
};

/// c = a b, or c += a b, for each of `batches`: [rows, depth] x [depth, columns].
struct matrix_product {
  matrix<const float> a, b;
  matrix<float> c;
  std::int64_t rows = 0, columns = 0, depth = 0, batches = 1;
  bool accumulate = false;
};

}  // namespace device
}  // namespace akin::inline v0
