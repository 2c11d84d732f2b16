

B%input.past_key_values.layers.0.valuesJP/¹:h¯Â;º8Ý=¯96<5¾¾½,·â¸ˆÁÝ8d¸¥9i;R8à1\:³°ñ6»:{¹¼/´ê;%¾5¸E0¹â¹»è¹’6t³{º¦:+ºÅ¾