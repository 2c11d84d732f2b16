shard.grid @g(shape = 2)
func.func @whole(%r: tensor<6x8xf32>, %o: tensor<4xi32>, %w: tensor<3x4x8xf32>) -> tensor<6x4xf32> {
  %s = shard.sharding @g split_axes = [[]] : !shard.sharding
  %rs = shard.shard %r to %s annotate_for_users : tensor<6x8xf32>
  %y = moe.grouped_matmul %rs, %o, %w : tensor<6x8xf32>, tensor<4xi32>, tensor<3x4x8xf32> -> tensor<6x4xf32>
  return %y : tensor<6x4xf32>
}
