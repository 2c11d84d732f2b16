// Capacities that depend on the precision or the rounding of the product.
// RUN: moec run --interpret %s | FileCheck %s

//===--- DeepSpeed's ceil(T / E f) in f32 and the same in f64 ---===//

// CHECK-LABEL: @f32_a
// CHECK-NEXT: tensor<8xi32> [16, 0,
func.func @f32_a() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.2, round = ceil, f32 = true>, priority = #moe.priority<token_major>}
    : tensor<100x1xi32> -> tensor<100x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @f64_a
// CHECK-NEXT: tensor<8xi32> [15, 0,
func.func @f64_a() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.2, round = ceil>, priority = #moe.priority<token_major>}
    : tensor<100x1xi32> -> tensor<100x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @f32_b
// CHECK-NEXT: tensor<8xi32> [55, 0,
func.func @f32_b() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<200x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 2.2, round = ceil, f32 = true>, priority = #moe.priority<token_major>}
    : tensor<200x1xi32> -> tensor<200x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @f64_b
// CHECK-NEXT: tensor<8xi32> [56, 0,
func.func @f64_b() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<200x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 2.2, round = ceil>, priority = #moe.priority<token_major>}
    : tensor<200x1xi32> -> tensor<200x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

//===--- Half to even: 12.5 and 13.5 ---===//

// CHECK-LABEL: @down
// CHECK-NEXT: tensor<8xi32> [12, 0,
func.func @down() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, round = half_even>, priority = #moe.priority<token_major>}
    : tensor<100x1xi32> -> tensor<100x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @up
// CHECK-NEXT: tensor<8xi32> [14, 0,
func.func @up() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<108x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, round = half_even>, priority = #moe.priority<token_major>}
    : tensor<108x1xi32> -> tensor<108x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

//===--- min applies before clamping to a multiple, zero_min only to 0 ---===//

// CHECK-LABEL: @min_then_multiple
// CHECK-NEXT: tensor<8xi32> [8, 0,
func.func @min_then_multiple() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, min = 5, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @zero_min_of_one
// CHECK-NEXT: tensor<8xi32> [1, 0,
func.func @zero_min_of_one() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, min = 4, zero_min = true>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @zero_min_of_zero
// CHECK-NEXT: tensor<8xi32> [4, 0,
func.func @zero_min_of_zero() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<6x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, min = 4, zero_min = true>, priority = #moe.priority<token_major>}
    : tensor<6x1xi32> -> tensor<6x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}
