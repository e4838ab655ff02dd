// SPDX-License-Identifier: Apache-2.0
// What Thrust leaves open on CUDA: streams, the launch of a loop without spills, copies through pinned memory, products by cuBLAS, and sorts and sums by CUB in
// room that it is given.
#pragma once

#include <akin/backend/index_work.hpp>
#include <akin/backend/thrust/matrix.hpp>

#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <cublas_v2.h>
#include <cuda/functional>
#include <cuda_runtime.h>
#include <thrust/iterator/counting_iterator.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

namespace akin::inline v0 {
namespace device {

inline void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // or Thrust takes an error that has been said for one of its own
  throw device_error{std::string{"thrust: "} + call + ": " + cudaGetErrorString(status)};
}
inline void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS) throw device_error{std::string{"thrust: "} + call + ": " + cublasGetStatusString(status)};
}

/// One index a thread. A block an SM at least, so that ptxas takes registers where it would spill to fit more of them: thrust::for_each_n, whose kernel
/// does not say so, spills in 4 of the 78 kernels that scripts/check_spills.sh compiles.
template <class Work>
__global__ void __launch_bounds__(256, 1) run_indices(std::int64_t count, const Work work) {
  const std::int64_t k = blockIdx.x * std::int64_t{256} + threadIdx.x;
  if (k < count) work(k);
}

/// A warp on a line: its lanes take every 32nd entry.
struct warp {
  static constexpr int lanes = 32;
  __device__ int lane() const { return static_cast<int>(threadIdx.x % lanes); }
  /// What the lane `by` places on has for x.
  __device__ float from_lane(float x, int by) const { return __shfl_down_sync(0xffffffffu, x, static_cast<unsigned>(by)); }
  /// What lanes have written before, all of them may read.
  __device__ void sync() const { __syncwarp(); }
};
template <class Work>
__global__ void __launch_bounds__(256, 1) run_lines(std::int64_t count, const Work work) {
  const std::int64_t line = (blockIdx.x * std::int64_t{256} + threadIdx.x) / warp::lanes;
  if (line < count) work(line, warp{});
}

/// Gives back what CUDA and cuBLAS made. What fails then has failed before, and was said.
struct give_back {
  void operator()(CUstream_st* stream) const { cudaStreamDestroy(stream); }
  void operator()(CUevent_st* event) const { cudaEventDestroy(event); }
  void operator()(cublasContext* products) const { cublasDestroy(products); }
};
struct give_back_memory {
  void operator()(void* memory) const { cudaFree(memory); }
};
struct give_back_pinned {
  void operator()(void* memory) const { cudaFreeHost(memory); }
};

/// A stream for work, one for inputs and a cuBLAS handle of its own: programs with systems of their own run side by side.
/// cost:   32 MiB of the device for cuBLAS, 8 MiB of pinned memory
/// errors: run time, where there is no device
class system {
 public:
  static constexpr std::int64_t own_bytes = std::int64_t{32} << 20;  // of the device, for cuBLAS
  system() {
    int devices = 0;
    if (const auto status = cudaGetDeviceCount(&devices); status != cudaSuccess || devices == 0)
      fail("thrust: there is no CUDA device", status == cudaSuccess ? "" : ": ",
           status == cudaSuccess ? "" : cudaGetErrorString(status));
    for (auto* s : {&stream_, &inputs_}) {
      cudaStream_t made = nullptr;
      check(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
      s->reset(made);
    }
    for (auto* e : {&asked_before_, &inputs_are_here_, &pinned_[0].sent, &pinned_[1].sent}) {
      cudaEvent_t made = nullptr;
      check(cudaEventCreateWithFlags(&made, cudaEventDisableTiming), "cudaEventCreateWithFlags");
      e->reset(made);
    }
    for (auto& b : pinned_) {
      void* made = nullptr;
      check(cudaMallocHost(&made, pinned_bytes), "cudaMallocHost of 4 MiB");
      b.data.reset(made);
    }
    void* space = nullptr;
    check(cudaMalloc(&space, own_bytes), "cudaMalloc of 32 MiB for cuBLAS");
    product_space_.reset(space);
    cublasHandle_t products = nullptr;
    check(cublasCreate(&products), "cublasCreate");
    products_.reset(products);
    check(cublasSetStream(products, stream_.get()), "cublasSetStream");
    check(cublasSetWorkspace(products, space, own_bytes), "cublasSetWorkspace");  // of its own: the same bits on every run
  }
  ~system() { finish(); }
  system(const system&) = delete;
  system& operator=(const system&) = delete;

  template <class Work>
  void each(std::int64_t count, const Work& work) {
    launch(run_indices<Work>, count, count, work);
  }
  template <class Work>
  void each_line(std::int64_t count, const Work& work) {
    launch(run_lines<Work>, count * warp::lanes, count, work);
  }

  void copy(const void* from, void* to, std::int64_t bytes) {
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToDevice, stream_.get()), "cudaMemcpyAsync");
  }
  /// While one pinned buffer is on its way the other is filled; returns when `from` may change.
  void copy_in(const void* from, void* to, std::int64_t bytes) { copy_in(from, to, bytes, stream_.get()); }

  /// Inputs come into two rooms by turns, beside work that reads the other room: before the first of them the copies wait for all work asked for before
  /// the last such call, and after the last of them work waits for the copies.
  void begin_inputs() {
    check(cudaStreamWaitEvent(inputs_.get(), asked_before_.get(), 0), "cudaStreamWaitEvent");
    check(cudaEventRecord(asked_before_.get(), stream_.get()), "cudaEventRecord");
  }
  void copy_input(const void* from, void* to, std::int64_t bytes) { copy_in(from, to, bytes, inputs_.get()); }
  void end_inputs() {
    check(cudaEventRecord(inputs_are_here_.get(), inputs_.get()), "cudaEventRecord");
    check(cudaStreamWaitEvent(stream_.get(), inputs_are_here_.get(), 0), "cudaStreamWaitEvent");
  }

  /// Waits for all work before it.
  void copy_out(const void* from, void* to, std::int64_t bytes) {
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToHost, stream_.get()), "cudaMemcpyAsync");
    wait();
  }
  void wait() { check(cudaStreamSynchronize(stream_.get()), "cudaStreamSynchronize, after work that CUDA_LAUNCH_BLOCKING=1 lets a step answer for"); }
  /// Before what work may use is given back. Errors have been said, or are said by the next call.
  void finish() noexcept {
    for (auto* s : {&inputs_, &stream_}) cudaStreamSynchronize(s->get());
  }

  static std::int64_t room_to_sort(std::int64_t count, int bits) {
    std::size_t bytes = 0;
    sort_in(nullptr, bytes, nullptr, nullptr, count, bits, nullptr);
    return static_cast<std::int64_t>(bytes);
  }
  void sort(const std::int64_t* numbers, std::int64_t* sorted, std::int64_t count, int bits, void* room, std::int64_t room_bytes) {
    auto bytes = static_cast<std::size_t>(room_bytes);
    sort_in(room, bytes, numbers, sorted, count, bits, stream_.get());
  }
  template <class Term>
  static std::int64_t room_to_sum(std::int64_t count, const Term& term) {
    std::size_t bytes = 0;
    sum_in(nullptr, bytes, nullptr, count, term, nullptr);
    return bytes_of_sum + static_cast<std::int64_t>(bytes);
  }
  /// values: the same bits on every run on one kind of device: CUB cuts the sum by how many blocks it holds
  template <class Term>
  void add_sum(double* total, std::int64_t count, const Term& term, void* room, std::int64_t room_bytes) {
    auto bytes = static_cast<std::size_t>(room_bytes - bytes_of_sum);
    double* const sum = static_cast<double*>(room);
    sum_in(static_cast<std::byte*>(room) + bytes_of_sum, bytes, sum, count, term, stream_.get());
    each(1, detail::add_number<double>{sum, total});
  }

  /// cuBLAS stores columns together: c^T = b^T a^T where the rows of c lie together.
  void multiply(const matrix_product& p) {
    if (p.c.column_step != 1 && p.columns > 1) return multiply_columns(p.a, p.b, p.c, p.rows, p.columns, p);
    multiply_columns(turned(p.b), turned(p.a), turned(p.c), p.columns, p.rows, p);
  }

 private:
  template <class Work>
  void launch(void (*kernel)(std::int64_t, Work), std::int64_t threads, std::int64_t count, const Work& work) {
    cudaLaunchConfig_t c{};
    c.gridDim = dim3(static_cast<unsigned>((threads + 255) / 256));
    c.blockDim = dim3(256);
    c.stream = stream_.get();
    check(cudaLaunchKernelEx(&c, kernel, count, work), "the launch of a kernel");
  }
  void copy_in(const void* from, void* to, std::int64_t bytes, cudaStream_t stream) {
    for (std::int64_t at = 0; at < bytes; at += pinned_bytes, next_ = 1 - next_) {
      auto& buffer = pinned_[next_];
      const auto count = static_cast<std::size_t>(std::min<std::int64_t>(pinned_bytes, bytes - at));
      check(cudaEventSynchronize(buffer.sent.get()), "cudaEventSynchronize");
      std::memcpy(buffer.data.get(), static_cast<const std::byte*>(from) + at, count);
      check(cudaMemcpyAsync(static_cast<std::byte*>(to) + at, buffer.data.get(), count, cudaMemcpyHostToDevice, stream),
            "cudaMemcpyAsync");
      check(cudaEventRecord(buffer.sent.get(), stream), "cudaEventRecord");
    }
  }

  // Where room is null these only set `bytes`, and start nothing.
  static void sort_in(void* room, std::size_t& bytes, const std::int64_t* numbers, std::int64_t* sorted, std::int64_t count, int bits, cudaStream_t stream) {
    check(cub::DeviceRadixSort::SortKeys(room, bytes, numbers, sorted, count, 0, bits, stream), "cub::DeviceRadixSort::SortKeys");
  }
  template <class Term>
  static void sum_in(void* room, std::size_t& bytes, double* sum, std::int64_t count, const Term& term, cudaStream_t stream) {
    check(cub::DeviceReduce::TransformReduce(room, bytes, ::thrust::counting_iterator<std::int64_t>{0}, sum, count, ::cuda::std::plus<double>{}, term, 0.0, stream),
          "cub::DeviceReduce::TransformReduce");
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
    check(cublasSgemmStridedBatched_64(products_.get(), turn_a, turn_b, rows, columns, p.depth, &one, a.data, lead_a, a.batch_step,
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

  static constexpr std::int64_t bytes_of_sum = 256;  // the sum itself, before CUB's room, which keeps its alignment
  static constexpr std::int64_t pinned_bytes = std::int64_t{4} << 20;
  struct pinned_buffer {
    std::unique_ptr<void, give_back_pinned> data;
    std::unique_ptr<CUevent_st, give_back> sent;
  };

  std::unique_ptr<CUstream_st, give_back> stream_, inputs_;
  std::unique_ptr<CUevent_st, give_back> asked_before_, inputs_are_here_;
  std::array<pinned_buffer, 2> pinned_;
  std::size_t next_ = 0;
  std::unique_ptr<void, give_back_memory> product_space_;
  std::unique_ptr<cublasContext, give_back> products_;
};

}  // namespace device
}  // namespace akin::inline v0
