// What a page loads that trains by itself: a model, its data, an optimizer and the Trainer.
import { Trainer } from '@levin/trainer'
import { Classifier, PointsData } from '../models/points.js'

export const result = new Trainer({ maxEpochs: 1 }).fit(new Classifier(), new PointsData())
