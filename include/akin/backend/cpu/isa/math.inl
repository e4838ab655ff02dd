// SPDX-License-Identifier: Apache-2.0
// Elementary functions on a vector of floats.
//
// values: the errors stated were measured against double over the range given; 1 ulp is one unit of the result's last place.
//         NaN gives NaN; subnormal arguments and results may count as zero, as the threads of the pool run.
// source: argument reductions and most polynomials as in Cephes (S. Moshier); erf as in XLA

/// p 2^n for an integral n, p in [1/2, 2]; 0 or inf where that is out of range.
[[gnu::always_inline]] inline vf times_power_of_two(vf p, vf n) {
#if AKIN_ISA_BITS == 512
  return (vf)_mm512_maskz_scalef_ps(static_cast<__mmask16>(0xffff), (__m512)p, (__m512)n);
#else
  const vi whole = to_int(n), half = whole >> 1;  // in two steps: 2^n itself may be out of range
  return p * as_float((half + 127) << 23) * as_float((whole - half + 127) << 23);
#endif
}

/// e^x, 1.1 ulp where the result is normal; 0 below -103.97, inf above 88.72.
[[gnu::always_inline]] inline vf exp(vf x) {
  const vf held = at_most(at_least(x, -104.f), 89.f);
  const vf n = round(held * 1.44269504f);
  const vf r = fma(n, splat(2.12194440e-4f), fma(n, splat(-0.693359375f), held));
  vf p = splat(1.9875691500e-4f);
  p = fma(p, r, splat(1.3981999507e-3f));
  p = fma(p, r, splat(8.3334519073e-3f));
  p = fma(p, r, splat(4.1665795894e-2f));
  p = fma(p, r, splat(1.6666665459e-1f));
  p = fma(p, r, splat(5.0000001201e-1f));
  p = fma(p * r, r, r) + 1.f;
  return times_power_of_two(p, n);
}

/// The natural logarithm, 1 ulp; -inf at 0, NaN below.
[[gnu::always_inline]] inline vf log(vf x) {
  const vi tiny = x < 1.17549435e-38f;
  const vf scaled = select(tiny, x * 8388608.f, x);
  const vi bits = as_int(scaled);
  vf m = as_float((bits & 0x007fffff) | 0x3f000000);  // in [1/2, 1)
  vf e = to_float(((bits >> 23) & 0xff) - 126) - select(tiny, splat(23.f), vf{});
  const vi low = m < 0.707106781f;
  e = select(low, e - 1.f, e);
  m = select(low, m + m, m) - 1.f;
  vf p = splat(7.0376836292e-2f);
  p = fma(p, m, splat(-1.1514610310e-1f));
  p = fma(p, m, splat(1.1676998740e-1f));
  p = fma(p, m, splat(-1.2420140846e-1f));
  p = fma(p, m, splat(1.4249322787e-1f));
  p = fma(p, m, splat(-1.6668057665e-1f));
  p = fma(p, m, splat(2.0000714765e-1f));
  p = fma(p, m, splat(-2.4999993993e-1f));
  p = fma(p, m, splat(3.3333331174e-1f));
  const vf square = m * m;
  vf y = fma(e, splat(-2.12194440e-4f), p * m * square);
  y = fma(square, splat(-0.5f), y);
  y = fma(e, splat(0.693359375f), m + y);
  y = select(x > 3.40282347e38f, x, y);  // inf
  y = select(scaled == 0.f, splat(-__builtin_inff()), y);
  return select((x < 0.f) | (x != x), splat(__builtin_nanf("")), y);
}

/// 2 ulp.
[[gnu::always_inline]] inline vf tanh(vf x) {
  const vf size = abs(x), square = x * x;
  vf p = splat(-5.70498872745e-3f);
  p = fma(p, square, splat(2.06390887954e-2f));
  p = fma(p, square, splat(-5.37397155531e-2f));
  p = fma(p, square, splat(1.33314422036e-1f));
  p = fma(p, square, splat(-3.33332819422e-1f));
  const vf inner = fma(p * square, x, x);
  const vf outer = 1.f - 2.f / (exp(size + size) + 1.f);
  return select(size < 0.625f, inner, select(x != x, x, copy_sign(outer, x)));
}

/// 1 / (1 + e^-x), 3 ulp.
[[gnu::always_inline]] inline vf sigmoid(vf x) { return 1.f / (1.f + exp(-x)); }

/// log(1 + e^x) for every x: max(x, 0) + log(1 + e^-|x|); 3 ulp.
[[gnu::always_inline]] inline vf softplus(vf x) {
  const vf u = exp(-abs(x)), sum = 1.f + u;
  const vf lost = u - (sum - 1.f);  // what rounding took from 1 + u
  return max(x, vf{}) + (log(sum) + lost / sum);
}

/// 4.5e-7 absolute.
[[gnu::always_inline]] inline vf erf(vf x) {
  const vf held = min(max(x, splat(-4.f)), splat(4.f)), square = held * held;
  vf p = splat(-2.72614225801306e-10f);
  p = fma(p, square, splat(2.77068142495902e-8f));
  p = fma(p, square, splat(-2.10102402082508e-6f));
  p = fma(p, square, splat(-5.69250639462346e-5f));
  p = fma(p, square, splat(-7.34990630326855e-4f));
  p = fma(p, square, splat(-2.95459980854025e-3f));
  p = fma(p, square, splat(-1.60960333262415e-2f));
  vf q = splat(-1.45660718464996e-5f);
  q = fma(q, square, splat(-2.13374055278905e-4f));
  q = fma(q, square, splat(-1.68282697438203e-3f));
  q = fma(q, square, splat(-7.37332916720468e-3f));
  q = fma(q, square, splat(-1.42647390514189e-2f));
  return held * p / q;
}

/// sin or cos, chosen by adding `turn` quarter turns (0 or 1).
[[gnu::always_inline]] inline vf sine_after(vf x, std::int32_t turn) {
  const vf n = round(x * 0.636619772f);
  vf r = fma(n, splat(-1.5703125f), x);
  r = fma(n, splat(-4.837512969970703125e-4f), r);
  r = fma(n, splat(-7.549789948768648e-8f), r);
  const vi quarter = to_int(n) + turn;
  const vf square = r * r;
  vf s = splat(-1.9515295891e-4f);
  s = fma(s, square, splat(8.3321608736e-3f));
  s = fma(s, square, splat(-1.6666654611e-1f));
  s = fma(s * square, r, r);
  vf c = splat(2.443315711809948e-5f);
  c = fma(c, square, splat(-1.388731625493765e-3f));
  c = fma(c, square, splat(4.166664568298827e-2f));
  c = fma(c * square, square, fma(square, splat(-0.5f), splat(1.f)));
  const vf y = select((quarter & 1) != 0, c, s);
  return select((quarter & 2) != 0, -y, y);
}

/// 2e-7 absolute for |x| <= 8192.
[[gnu::always_inline]] inline vf sin(vf x) { return sine_after(x, 0); }
[[gnu::always_inline]] inline vf cos(vf x) { return sine_after(x, 1); }

/// 4e-7 absolute; NaN outside of [-1, 1].
[[gnu::always_inline]] inline vf acos(vf x) {
  const vf size = abs(x);
  const vi outer = size > 0.5f;
  const vf square = select(outer, (1.f - size) * 0.5f, x * x);
  const vf root = select(outer, sqrt(square), size);
  vf p = splat(4.2163199048e-2f);
  p = fma(p, square, splat(2.4181311049e-2f));
  p = fma(p, square, splat(4.5470025998e-2f));
  p = fma(p, square, splat(7.4953002686e-2f));
  p = fma(p, square, splat(1.6666752422e-1f));
  const vf arcsine = fma(p * square, root, root);
  const vf near_one = arcsine + arcsine;
  return select(outer, select(x < 0.f, 3.14159265f - near_one, near_one), 1.57079633f - copy_sign(arcsine, x));
}
