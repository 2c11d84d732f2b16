// RUN: moe-opt %s --expand-math --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func @avx2
// CHECK-NOT: math.exp
// CHECK-NOT: math.tanh
// CHECK: math.fma {{.*}} vector<16xf32>
// CHECK: arith.extf %{{.*}} : vector<16xf16> to vector<16xf32>
// CHECK: arith.truncf %{{.*}} : vector<16xf32> to vector<16xf16>
// CHECK-NOT: bf16 to
func.func @avx2(%x: vector<16xf32>, %h: vector<16xf16>, %w: vector<16xbf16>)
    -> (vector<16xf32>, vector<16xf16>, vector<16xf32>) attributes {tile.isa = "avx2"} {
  %0 = math.exp %x : vector<16xf32>
  %1 = math.tanh %h : vector<16xf16>
  %2 = arith.extf %w : vector<16xbf16> to vector<16xf32>
  return %0, %1, %2 : vector<16xf32>, vector<16xf16>, vector<16xf32>
}

// -----

// Without FMA and f16 conversions.
// CHECK-LABEL: func @v2
// CHECK-NOT: fma
// CHECK-NOT: arith.extf
// CHECK-NOT: arith.truncf
// CHECK: arith.mulf
// CHECK: return
func.func @v2(%x: vector<16xf32>, %h: vector<16xf16>, %s: f16) -> (vector<16xf32>, vector<16xf16>, f32)
    attributes {tile.isa = "v2"} {
  %0 = vector.fma %x, %x, %x : vector<16xf32>
  %1 = arith.addf %h, %h : vector<16xf16>
  %2 = arith.extf %s : f16 to f32
  %3 = math.erf %2 : f32
  return %0, %1, %3 : vector<16xf32>, vector<16xf16>, f32
}

// -----

// A square is a product, not a power.
// CHECK-LABEL: func @square
// CHECK-NEXT: arith.mulf %arg0, %arg0
// CHECK-NEXT: return
func.func @square(%x: f32) -> f32 {
  %two = arith.constant 2.0 : f32
  %0 = math.powf %x, %two : f32
  return %0 : f32
}

// -----

// expected-error @below {{unknown instruction-set level 'avx10'}}
func.func @unknown(%x: f32) -> f32 attributes {tile.isa = "avx10"} {
  return %x : f32
}
