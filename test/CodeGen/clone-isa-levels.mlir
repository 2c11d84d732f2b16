// RUN: moe-opt %s -clone-isa-levels | FileCheck %s
// RUN: moe-opt %s -clone-isa-levels="levels=avx2,avx2" | FileCheck %s --check-prefix=ONE
// RUN: not moe-opt %s -clone-isa-levels="levels=avx10" 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: error: unknown instruction-set level 'avx10'; there are v2, avx2 and avx512

// CHECK-LABEL: func.func @host
// CHECK: rt.launch @k units
// ONE: rt.launch @k units
func.func @host(%n: index, %x: memref<?xf32>) {
  rt.launch @k units(%n) (%x) : memref<?xf32>
  return
}

// Functions of the user's keep their names.
// CHECK: func.func private @k_avx2()
func.func private @k_avx2()

// CHECK: func.func private @k_v2(%{{.*}}: index, %{{.*}}: index, %{{.*}}: memref<?xf32>)
// CHECK-SAME: prefer_vector_width = "128", rt.kernel
// CHECK-SAME: target_features = #llvm.target_features<["+cx16", {{.*}}"+sse4.2"
// CHECK-SAME: tile.isa = "v2"
// CHECK: func.func private @[[AVX2:k_avx2_[0-9]+]](
// CHECK-SAME: "min-legal-vector-width", "256"
// CHECK-SAME: "+avx2"
// CHECK-SAME: "+fma"
// CHECK-SAME: tile.isa = "avx2"
// CHECK: func.func private @k_avx512(
// CHECK-SAME: prefer_vector_width = "512"
// CHECK-SAME: "+avx512vl"
// CHECK-SAME: tile.isa = "avx512"
// CHECK: rt.kernel @k {avx2 = @[[AVX2]], avx512 = @k_avx512, v2 = @k_v2}

// ONE-NOT: tile.isa = "v2"
// ONE: func.func private @[[AVX2:k_avx2_[0-9]+]](
// ONE-SAME: tile.isa = "avx2"
// ONE-NOT: tile.isa
// ONE: rt.kernel @k {avx2 = @[[AVX2]]}
func.func private @k(%begin: index, %end: index, %x: memref<?xf32>) attributes {rt.kernel} {
  return
}
