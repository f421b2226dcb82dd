// What a page loads that trains on the GPU by itself.
import { webgpu } from '@levin/accelerator-webgpu'
import { Trainer } from '@levin/trainer'
import { Classifier, PointsData } from '../models/points.js'

export const result = new Trainer({ accelerator: webgpu(), maxEpochs: 1 }).fit(new Classifier(), new PointsData())
