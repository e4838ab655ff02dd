// SPDX-License-Identifier: Apache-2.0
// What Thrust leaves open on CUDA: a stream, copies through pinned memory, and products by cuBLAS.
#pragma once

#include <akin/backend/memory.hpp>
#include <akin/backend/thrust/matrix.hpp>

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace akin::inline v0 {
namespace device {

inline void check(cudaError_t status, const char* call) {
  if (status != cudaSuccess) throw device_error{std::string{"thrust: "} + call + ": " + cudaGetErrorString(status)};
}
inline void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS) throw device_error{std::string{"thrust: "} + call + ": " + cublasGetStatusString(status)};
}

/// One index a thread. A block an SM at least, so that ptxas takes registers where it would spill to fit more of them: thrust::for_each_n, whose kernel
/// does not say so, spilled in 2 of 48 kernels for sm_80.
template <class Work>
__global__ void __launch_bounds__(256, 1) run_indices(std::int64_t count, const Work work) {
  const std::int64_t k = blockIdx.x * std::int64_t{256} + threadIdx.x;
  if (k < count) work(k);
}

/// A stream for work, one for inputs and a cuBLAS handle of its own: programs with systems of their own run side by side.
/// errors: run time, where there is no device
class system {
 public:
  system() {
    int devices = 0;
    if (const auto status = cudaGetDeviceCount(&devices); status != cudaSuccess || devices == 0)
      fail("thrust: there is no CUDA device", status == cudaSuccess ? "" : ": ",
           status == cudaSuccess ? "" : cudaGetErrorString(status));
    for (auto* s : {&stream_, &inputs_}) check(cudaStreamCreateWithFlags(s, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    for (auto* e : {&asked_before_, &inputs_are_here_}) check(cudaEventCreateWithFlags(e, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    check(cublasCreate(&products_), "cublasCreate");
    check(cublasSetStream(products_, stream_), "cublasSetStream");
    check(cudaMalloc(&product_space_, product_space_bytes), "cudaMalloc");
    check(cublasSetWorkspace(products_, product_space_, product_space_bytes),
          "cublasSetWorkspace");  // of its own: the same bits on every run
    for (auto& b : pinned_) {
      check(cudaMallocHost(&b.data, pinned_bytes), "cudaMallocHost");
      check(cudaEventCreateWithFlags(&b.sent, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    }
  }
  ~system() {
    for (auto s : {inputs_, stream_}) cudaStreamSynchronize(s);
    for (auto& b : pinned_) cudaFreeHost(b.data), cudaEventDestroy(b.sent);
    cublasDestroy(products_);
    cudaFree(product_space_);
    for (auto e : {asked_before_, inputs_are_here_}) cudaEventDestroy(e);
    for (auto s : {inputs_, stream_}) cudaStreamDestroy(s);
  }
  system(const system&) = delete;
  system& operator=(const system&) = delete;

  template <class Work>
  void each(std::int64_t count, const Work& work) {
    run_indices<<<static_cast<unsigned>((count + 255) / 256), 256, 0, stream_>>>(count, work);
    check(cudaGetLastError(), "the launch of a kernel");
  }

  void copy(const void* from, void* to, std::int64_t bytes) {
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToDevice, stream_), "cudaMemcpyAsync");
  }
  /// While one pinned buffer is on its way the other is filled; returns when `from` may change.
  void copy_in(const void* from, void* to, std::int64_t bytes) { copy_in(from, to, bytes, stream_); }

  /// Inputs come into two rooms by turns, beside work that reads the other room: before the first of them the copies wait for all work asked for before
  /// the last such call, and after the last of them work waits for the copies.
  void begin_inputs() {
    check(cudaStreamWaitEvent(inputs_, asked_before_, 0), "cudaStreamWaitEvent");
    check(cudaEventRecord(asked_before_, stream_), "cudaEventRecord");
  }
  void copy_input(const void* from, void* to, std::int64_t bytes) { copy_in(from, to, bytes, inputs_); }
  void end_inputs() {
    check(cudaEventRecord(inputs_are_here_, inputs_), "cudaEventRecord");
    check(cudaStreamWaitEvent(stream_, inputs_are_here_, 0), "cudaStreamWaitEvent");
  }

  /// Waits for all work before it.
  void copy_out(const void* from, void* to, std::int64_t bytes) {
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToHost, stream_), "cudaMemcpyAsync");
    wait();
  }
  void wait() { check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize, after work that CUDA_LAUNCH_BLOCKING=1 lets a step answer for"); }

  /// cuBLAS stores columns together: c^T = b^T a^T where the rows of c lie together.
  void multiply(const matrix_product& p) {
    if (p.c.column_step != 1 && p.columns > 1) return multiply_columns(p.a, p.b, p.c, p.rows, p.columns, p);
    multiply_columns(turned(p.b), turned(p.a), turned(p.c), p.columns, p.rows, p);
  }

 private:
  void copy_in(const void* from, void* to, std::int64_t bytes, cudaStream_t stream) {
    for (std::int64_t at = 0; at < bytes; at += pinned_bytes, next_ = 1 - next_) {
      auto& buffer = pinned_[next_];
      const auto count = static_cast<std::size_t>(std::min<std::int64_t>(pinned_bytes, bytes - at));
      check(cudaEventSynchronize(buffer.sent), "cudaEventSynchronize");
      std::memcpy(buffer.data, static_cast<const std::byte*>(from) + at, count);
      check(cudaMemcpyAsync(static_cast<std::byte*>(to) + at, buffer.data, count, cudaMemcpyHostToDevice, stream),
            "cudaMemcpyAsync");
      check(cudaEventRecord(buffer.sent, stream), "cudaEventRecord");
    }
  }

  template <class T>
  static matrix<T> turned(const matrix<T>& m) {
    return {m.data, m.column_step, m.row_step, m.batch_step};
  }

  // c has its columns together.
  void multiply_columns(const matrix<const float>& a, const matrix<const float>& b, const matrix<float>& c, std::int64_t rows,
                        std::int64_t columns, const matrix_product& p) {
    const float one = 1, start = p.accumulate ? 1 : 0;
    const auto [turn_a, lead_a] = layout(a, rows, p.depth);
    const auto [turn_b, lead_b] = layout(b, p.depth, columns);
    check(cublasSgemmStridedBatched_64(products_, turn_a, turn_b, rows, columns, p.depth, &one, a.data, lead_a, a.batch_step,
                                       b.data, lead_b, b.batch_step, &start, c.data,
                                       std::max({c.column_step, rows, std::int64_t{1}}), c.batch_step, p.batches),
          "cublasSgemmStridedBatched");
  }

  struct cublas_layout {
    cublasOperation_t turn;
    std::int64_t lead;
  };
  // Columns together, or rows together and turned. A side of one number may have any step.
  static cublas_layout layout(const matrix<const float>& m, std::int64_t down, std::int64_t along) {
    if (m.row_step == 1 || down <= 1)
      return {CUBLAS_OP_N, along <= 1 ? std::max<std::int64_t>(down, 1)
                                      : std::max<std::int64_t>(m.column_step, std::max<std::int64_t>(down, 1))};
    return {CUBLAS_OP_T, std::max<std::int64_t>(m.row_step, std::max<std::int64_t>(along, 1))};
  }

  static constexpr std::size_t product_space_bytes = std::size_t{32} << 20;
  static constexpr std::int64_t pinned_bytes = std::int64_t{4} << 20;
  struct pinned_buffer {
    void* data = nullptr;
    cudaEvent_t sent = nullptr;
  };

  cudaStream_t stream_ = nullptr, inputs_ = nullptr;
  cudaEvent_t asked_before_ = nullptr, inputs_are_here_ = nullptr;
  cublasHandle_t products_ = nullptr;
  void* product_space_ = nullptr;
  std::array<pinned_buffer, 2> pinned_{};
  std::size_t next_ = 0;
};

}  // namespace device
}  // namespace akin::inline v0
